"""The errors of a command and their exit codes, and the one conversion of an error of AWS to one of them.

====  ==============================================================================
exit  meaning
====  ==============================================================================
1     looked or tried, and something is wrong
2     the command line is wrong, including a stack that does not exist; ``reconcile`` could not look
3     no such appointment, event or quarantined delivery
4     no usable credentials, or a denied action
5     AWS cannot be reached
====  ==============================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

WRONG, USAGE, UNKNOWN, DENIED, UNREACHABLE = 1, 2, 3, 4, 5


class CommandError(click.ClickException):
    """An error that ends a command with its exit code and one line: what happened, then what to do."""

    exit_code = WRONG


class WrongTargetError(CommandError):
    """The command line names a stack, region or resource that does not exist."""

    exit_code = USAGE


class CouldNotLookError(CommandError):
    """A comparison could not be made, or not as a whole: another exit code than that of a finding."""

    exit_code = USAGE


class UnknownIdError(CommandError):
    """Nothing has the id that the command line gives."""

    exit_code = UNKNOWN


class DeniedError(CommandError):
    """The credentials are missing, expired or not allowed to do something."""

    exit_code = DENIED


class UnreachableError(CommandError):
    """No answer of AWS within the time that a person waits."""

    exit_code = UNREACHABLE


SIGN_IN = "sign in, for example with aws sso login, or choose a profile with --profile"
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
NOT_PERMITTED = frozenset(
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


def converted(error: Exception, profile: str) -> CommandError:
    """Return the error of a command for what a call of an AWS client raised with the credentials of ``profile``."""
    from botocore import exceptions as aws
    from botocore.parsers import ResponseParserError

    no_credentials = (
        aws.NoCredentialsError,
        aws.PartialCredentialsError,
        aws.CredentialRetrievalError,
        aws.TokenRetrievalError,
        aws.NoAuthTokenError,
        aws.SSOError,
        aws.LoginError,
    )
    no_answer = (aws.HTTPClientError, aws.ConnectionError, aws.EndpointResolutionError, ResponseParserError)
    if isinstance(error, CommandError):
        return error
    if isinstance(error, aws.ClientError):
        return _refused(error, profile)
    if isinstance(error, aws.ProfileNotFound):
        return DeniedError(f"{_one_line(error)}: 'aws configure list-profiles' lists the profiles")
    if isinstance(error, aws.NoRegionError):
        return WrongTargetError("there is no region: give --region, or set AWS_REGION")
    if isinstance(error, no_credentials):
        return DeniedError(f"there are no usable AWS credentials in {profile} ({_one_line(error)}): {SIGN_IN}")
    if isinstance(error, no_answer):
        endpoint = getattr(error, "kwargs", {}).get("endpoint_url", "")
        where = f" at {endpoint}" if endpoint and endpoint not in str(error) else ""
        advice = "check the network, --region and --endpoint-url"
        return UnreachableError(f"AWS does not answer{where} ({_one_line(error)}): {advice}")
    if isinstance(error, aws.InvalidRegionError | aws.ParamValidationError):
        return WrongTargetError(_one_line(error))
    return CommandError(_one_line(error))


def describe(error: Exception) -> str:
    """Return the line for an error of AWS that ends no command, only one of its steps."""
    return converted(error, "these credentials").message


def _refused(error: ClientError, profile: str) -> CommandError:
    code = error.response["Error"]["Code"]
    line = f"{error.operation_name} was refused: {code}"
    if code in _BAD_CREDENTIALS:
        return DeniedError(f"{line}: the credentials of {profile} are not valid or have expired: {SIGN_IN}")
    if code in NOT_PERMITTED:
        from appointments_cli.permissions import denied_action

        action, resource, policy = denied_action(error)
        return DeniedError(f"{profile} lacks a permission: {action} on {resource}. {policy}")
    if code in _NO_RESOURCE:
        return CommandError(
            f"{line}: the bucket, table or queue does not exist: check its name, --region and --profile"
        )
    return CommandError(line)


def _one_line(error: Exception) -> str:
    """Return the message of an error; botocore writes some of its messages in several lines."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
