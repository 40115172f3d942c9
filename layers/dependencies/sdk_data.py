"""Reduce botocore's data, 28 MB about every AWS service, to the parts that the functions' calls read.

    python sdk_data.py FOLDER MORE    rewrites FOLDER, the botocore/data of the botocore that this script imports, and
                                      writes MORE, the data of the calls that ReconcileFunction alone makes

botocore parses these files at each cold start, which counts against the sender's timeout of 3 s. So ReconcileFunction
has larger files of two services in a folder apart (AWS_DATA_PATH), which botocore searches first.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

Document = dict[str, Any]

MODEL, RULE_SET, PAGINATORS = "service-2", "endpoint-rule-set-1", "paginators-1"  # botocore's names of the files
OPERATIONS = {
    "dynamodb": ["TransactWriteItems"],
    "events": ["PutEvents"],
    "s3": ["GetObject", "PutObject"],
    "secretsmanager": ["GetSecretValue"],
    "sqs": ["SendMessage"],
}
"""All operations that the functions and their layer call, without those of MORE_OPERATIONS. A test compares both lists
with the code."""
MORE_OPERATIONS = {
    "dynamodb": ["BatchGetItem", "Scan", "TransactWriteItems"],
    "sqs": ["GetQueueAttributes"],
}
"""The operations that ReconcileFunction calls, of the services whose files it has apart."""

WITH_RULE_SET = {"events", "s3", "sqs"}
"""The services that keep their rule set for endpoints, which botocore parses at start and evaluates on each call.

The other two services, which most deliveries need, have one simple endpoint in a region. Without a rule set, botocore
reads it from endpoints.json, whose FIPS and dual-stack endpoints differ from the rule set; the functions use neither.
"""


def main(folder: Path, more_folder: Path) -> None:
    loader = Loader([str(folder)], include_default_search_paths=False)
    documents, more_documents = trimmed(loader), more(loader)
    shutil.rmtree(folder)
    _write(folder, documents)
    _write(more_folder, more_documents)


def _write(folder: Path, documents: dict[str, Document]) -> None:
    for name, document in documents.items():
        file = folder / f"{name}.json"  # not compressed: botocore would decompress it at each start
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True), encoding="utf-8")


def trimmed(loader: Loader) -> dict[str, Document]:
    """Return every document that remains, by its name in the folder."""
    documents = {name: loader.load_data(name) for name in ("_retry", "partitions")}
    defaults = loader.load_data("sdk-default-configuration")
    documents["sdk-default-configuration"] = {name: part for name, part in defaults.items() if name != "documentation"}
    documents["endpoints"] = _endpoints(loader)
    for service, operations in OPERATIONS.items():
        folder = f"{service}/{loader.determine_latest_version(service, MODEL)}"
        documents[f"{folder}/{MODEL}"] = _model(loader.load_service_model(service, MODEL), operations)
        if service in WITH_RULE_SET:
            documents[f"{folder}/{RULE_SET}"] = loader.load_service_model(service, RULE_SET)
    return {name: _undocumented(document) for name, document in documents.items()}


def more(loader: Loader) -> dict[str, Document]:
    """Return the documents of MORE_OPERATIONS, by their names in the folder apart."""
    documents: dict[str, Document] = {}
    for service, operations in MORE_OPERATIONS.items():
        folder = f"{service}/{loader.determine_latest_version(service, MODEL)}"
        documents[f"{folder}/{MODEL}"] = _model(loader.load_service_model(service, MODEL), operations)
        pages = loader.load_service_model(service, PAGINATORS)["pagination"]
        paged = {name: pages[name] for name in operations if name in pages}
        if paged:
            documents[f"{folder}/{PAGINATORS}"] = {"pagination": paged}
    return {name: _undocumented(document) for name, document in documents.items()}


def _endpoints(loader: Loader) -> Document:
    document: Document = loader.load_data("endpoints")
    for partition in document["partitions"]:
        partition["services"] = {name: part for name, part in partition["services"].items() if name in OPERATIONS}
    return document


def _model(model: Document, names: list[str]) -> Document:
    """Return the model with only these operations, and the shapes of their input, output and errors.

    Every error of the service remains: a service also answers with errors that it does not declare for an operation.
    """
    operations = {name: model["operations"][name] for name in names}
    errors = {name for name, shape in model["shapes"].items() if shape.get("exception")}
    reached: set[str] = set()
    open_ends = set(_shapes(operations)) | errors
    while open_ends:
        name = open_ends.pop()
        reached.add(name)
        open_ends |= set(_shapes(model["shapes"][name])) - reached
    return model | {"operations": operations, "shapes": {name: model["shapes"][name] for name in reached}}


def _shapes(node: Any) -> Iterator[str]:
    """Yield the name of every shape that the node refers to, at any depth."""
    if isinstance(node, dict):
        if isinstance(node.get("shape"), str):  # otherwise it is a member with this name
            yield node["shape"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _shapes(part)


def _undocumented(node: Any) -> Any:
    if isinstance(node, list):
        return [_undocumented(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        # botocore requires the documentation of these parameters
        name: part if name == "clientContextParams" else _undocumented(part)
        for name, part in node.items()
        if not _is_documentation(name, part)
    }


def _is_documentation(name: str, part: Any) -> bool:
    return name in ("documentation", "documentationUrl") and isinstance(
        part, str
    )  # otherwise it is a member with this name


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
