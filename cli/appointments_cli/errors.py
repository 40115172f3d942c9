"""Describes an error in one line: what happened, then what to do."""

from __future__ import annotations

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from appointments.errors import AppointmentsError

AWS_ERRORS = (ClientError, BotoCoreError, ResponseParserError)
"""What a call of an AWS client raises."""
EXPECTED = (*AWS_ERRORS, AppointmentsError, OSError)
"""The errors that a command reports without a traceback."""
INVALID_OPTION = (aws.NoRegionError, aws.InvalidRegionError, aws.ParamValidationError)
"""The command line is wrong: AWS was not called."""

SIGN_IN = "sign in, for example with aws sso login, or choose a profile with --profile"
_NO_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.TokenRetrievalError,
    aws.NoAuthTokenError,
    aws.SSOError,
    aws.LoginError,
)
_NO_ANSWER = (aws.HTTPClientError, aws.ConnectionError, aws.EndpointResolutionError, ResponseParserError)
_BAD_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidToken",
        "TokenRefreshRequired",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "AuthFailure",
        "NotAuthorized",
    }
)
_NOT_PERMITTED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"}
)
_NO_RESOURCE = frozenset(
    {
        "NoSuchBucket",
        "ResourceNotFoundException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "InvalidAddress",
    }
)


def describe(error: Exception) -> str:
    """Return the line for an error of EXPECTED."""
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, aws.ProfileNotFound):
        return f"{_one_line(error)}: 'aws configure list-profiles' lists the profiles"
    if isinstance(error, aws.NoRegionError):
        return "there is no region: give --region, or set AWS_REGION"
    if isinstance(error, _NO_CREDENTIALS):
        return f"there are no usable AWS credentials ({_one_line(error)}): {SIGN_IN}"
    if isinstance(error, _NO_ANSWER):
        return f"AWS does not answer ({_one_line(error)}): check the network, --region and --endpoint-url"
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or type(error).__name__}"
    return _one_line(error)


def _refused(error: ClientError) -> str:
    code = error.response["Error"]["Code"]
    line = f"{error.operation_name} was refused: {code}"
    if code in _BAD_CREDENTIALS:
        return f"{line}: the credentials are not valid or have expired: {SIGN_IN}"
    if code in _NOT_PERMITTED:
        return f"{line}: the credentials lack a permission: docs/operations.md lists those of each command"
    if code in _NO_RESOURCE:
        return f"{line}: the bucket, table or queue does not exist: check its name, --region and --profile"
    return line


def _one_line(error: Exception) -> str:
    """Return the message of an error; botocore writes some of its messages in several lines."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
