"""The one kind of record for a step size, whatever proves or finds it."""

from dataclasses import dataclass

from lnn._checks import Array
from lnn._record import Record


@dataclass(frozen=True, eq=False, repr=False)
class StepBound(Record):
    """A step size for gradient descent on L = ‖Y − W X‖_F² without ½.

    Each theorem adds the quantities that its step size is made of.

    Attributes
    ----------
    step_size : (...) array
        η, one entry per network.
    """

    step_size: Array

    @property
    def half_step_size(self) -> Array:
        """The step size that makes the same move on ½ L, whose gradient is half as long: 2 η."""
        return 2 * self.step_size
