"""How strictly the contract is enforced."""

from enum import StrEnum


class ContractMode(StrEnum):
    """What is refused.

    ``tolerant`` refuses only a delivery that cannot be keyed, ordered and routed; it reports all other violations.
    ``strict`` refuses every broken structure. It is for a test stage that wants to see every deviation.
    """

    TOLERANT = "tolerant"
    STRICT = "strict"
