// The same subscriber in Node.js: a record of every appointment. See ../README.md.
import { gunzipSync } from "node:zlib";

const FROM_ROUTING = ["status", "start", "end", "officeId", "employeeId", "customerId", "meetingType"];

/** Handle a batch of SQS. `services` has put, getItem and getObject; see `services` below. */
export async function handleBatch(batch, services) {
  const failed = [];
  for (const message of batch.Records) {
    try {
      await handle(JSON.parse(message.body).detail, services);
    } catch (error) {
      console.error(JSON.stringify({ message_id: message.messageId, error: error.name })); // no personal data
      failed.push({ itemIdentifier: message.messageId });
    }
  }
  return { batchItemFailures: failed };
}

async function handle(detail, services) {
  const whole = detail.metadata.detail === "reference" ? await read(detail.metadata, services) : detail.data.appointment;
  await services.put(record(detail, whole)); // only if its order is greater than that of the table
}

/** The item of a message. Ids come from routing: JSON.parse rounds an id that is a large integer. */
function record({ metadata, routing }, appointment) {
  const found = Object.fromEntries(FROM_ROUTING.map((name) => [name, routing[name]]));
  found.appointmentId = metadata.appointmentId;
  found.order = metadata.order;
  found.eventId = metadata.id;
  const externalId = appointment?.externalId;
  found.externalId = typeof externalId === "string" ? Array.from(externalId).slice(0, 255).join("") : null;
  const texts = Object.entries(found).filter(([, value]) => value !== null);
  const item = Object.fromEntries(texts.map(([name, value]) => [name, { S: value }]));
  const people = appointment?.participants;
  if (!Array.isArray(people)) return item;
  const known = people.filter((each) => each !== null && typeof each === "object" && !Array.isArray(each));
  return { ...item, participants: { N: String(known.length) } };
}

/** The appointment as sent with the event, or null if the event has expired. */
async function read(metadata, services) {
  const item = await services.getItem({
    pk: { S: `APPOINTMENT#${metadata.appointmentId}` },
    sk: { S: `EVENT#${metadata.id}` },
  });
  if (!item) return null;
  if (item.appointment) return JSON.parse(item.appointment.S); // an AppointmentReconciled: its body is no delivery
  const body = item.bodyKey ? await services.getObject(item.bodyKey.S) : gunzipSync(item.body.B);
  return JSON.parse(Buffer.from(body).toString("utf8").replace(/^\uFEFF/, "")).data.appointment;
}

/** The calls to AWS, with the SDK that the runtime of Lambda has. */
async function services(environment) {
  const { DynamoDBClient, GetItemCommand, PutItemCommand } = await import("@aws-sdk/client-dynamodb");
  const { S3Client, GetObjectCommand } = await import("@aws-sdk/client-s3");
  const dynamodb = new DynamoDBClient();
  const s3 = new S3Client();
  return {
    async put(Item) {
      const command = new PutItemCommand({
        TableName: environment.RECORDS_TABLE_NAME,
        Item,
        ConditionExpression: "attribute_not_exists(#order) OR #order < :order",
        ExpressionAttributeNames: { "#order": "order" },
        ExpressionAttributeValues: { ":order": Item.order },
      });
      await dynamodb.send(command).catch((error) => {
        if (error.name !== "ConditionalCheckFailedException") throw error; // the table has this message or a newer one
      });
    },
    async getItem(Key) {
      const TableName = environment.APPOINTMENTS_TABLE_NAME;
      return (await dynamodb.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item;
    },
    async getObject(Key) {
      const Bucket = environment.BODIES_BUCKET_NAME;
      return (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body.transformToByteArray();
    },
  };
}

let started;

export async function handler(batch) {
  started ??= services(process.env);
  return handleBatch(batch, await started);
}
