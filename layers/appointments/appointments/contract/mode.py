"""How strictly the contract is taken."""

from enum import StrEnum


class ContractMode(StrEnum):
    """``tolerant`` takes in unknown enum values and missing secondary members, and reports them."""

    STRICT = "strict"
    TOLERANT = "tolerant"
