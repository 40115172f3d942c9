"""Bodies that are too large for an item of the table: objects in S3, named by their content (a claim check).

The key is the SHA-256 of the bytes. A repeated put writes the same bytes under the same key, so a crash between the
bucket and the table needs no cleaning up, and a reader can check that the object is the body that was put.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from appointments.errors import BodyLostError, BodyUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "bodies/"


def key_of(body: bytes) -> str:
    return PREFIX + hashlib.sha256(body).hexdigest()


class Bodies:
    """The bucket: each object is exactly the bytes that were received."""

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket_name = bucket_name

    def put(self, body: bytes) -> str:
        """Store the body and return its key. A repeated put is safe and restarts the object's lifetime.

        Raises BodyUnavailableError when S3 does not confirm it.
        """
        key = key_of(body)
        try:
            self._client.put_object(
                Bucket=self._bucket_name,
                Key=key,
                Body=body,
                ContentType="application/json",
                ChecksumSHA256=base64.b64encode(bytes.fromhex(key.removeprefix(PREFIX))).decode(),
            )
        except ClientError as error:
            raise BodyUnavailableError("S3 answered " + error.response["Error"]["Code"]) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise BodyUnavailableError("S3 did not answer: " + type(error).__name__) from None
        return key

    def get(self, key: str) -> bytes:
        """Return the body that was put under the key.

        Raises BodyLostError when there is no such object or its content differs, BodyUnavailableError when S3 does
        not answer.
        """
        try:
            body = self._client.get_object(Bucket=self._bucket_name, Key=key)["Body"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            kind = BodyLostError if code == "NoSuchKey" else BodyUnavailableError
            raise kind("S3 answered " + code) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise BodyUnavailableError("S3 did not answer: " + type(error).__name__) from None
        if key_of(body) != key:
            raise BodyLostError("the object is not the body that its key names")
        return body
