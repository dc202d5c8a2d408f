"""What all sections have in common: strict types, no unknown keys, no later changes."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of the configuration. Every key is documented in config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
