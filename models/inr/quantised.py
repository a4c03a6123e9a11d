"""Networks in floating point that compute what the hardware computes, and can be trained so: straight-through."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from quadcim.models.activation import golden
from quadcim.models.clamp import clamp
from quadcim.models.functions import activation_function
from quadcim.models.inr.freeze import frozen_activation, layer_plans, sample_layers
from quadcim.models.inr.networks import Inr, output_scale
from quadcim.spec.activation import Activation, ActivationRounding
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.functions import FUNCTIONS
from quadcim.spec.inr import coordinate_format
from quadcim.spec.integers import Integers
from quadcim.training.inr import check_range

__all__ = ["QuantisedActivation", "QuantisedInr"]


class QuantisedActivation(nn.Module):
    """A function as the hardware computes it, on real numbers, with the gradient of the function itself.

    Parameters
    ----------
    activation : Activation
        A function of the catalogue, its formats and rounding.
    integers : Integers, optional
        The frozen integers, as for `golden`.

    Raises
    ------
    IllegalSetting
        If the function is a user's own, of which only samples are known.

    Notes
    -----
    The straight-through estimator, arXiv 1308.3432.
    """

    def __init__(self, activation: Activation, integers: Integers | None = None):
        super().__init__()
        if activation.samples is not None:
            raise IllegalSetting("function", "one of " + ", ".join(FUNCTIONS), activation.function)
        self.activation = activation
        # The format wraps a periodic input by itself if it spans whole periods, and only then.
        period = FUNCTIONS[activation.function].period
        self.wraps = period > 0 and 2**activation.input.integer_bits % period == 0
        self._function = activation_function(activation.function)
        self._golden = golden(activation, integers)

    def raw(self, x: Tensor) -> Tensor:
        """Round half up to raw integers of the input format; they wrap if it spans whole periods, or saturate."""
        fmt = self.activation.input
        scaled = x.detach().double() * 2.0**fmt.fraction_bits
        whole = scaled.floor()
        rounded = whole + (scaled - whole >= 0.5)  # unlike floor(scaled + 0.5), whose sum may be rounded up
        if self.wraps:  # exact, as all but the floor are powers of two; much faster than torch.remainder
            return (rounded - 2.0**fmt.width * ((rounded - fmt.minimum) * 2.0**-fmt.width).floor()).long()
        return rounded.clamp(fmt.minimum, fmt.maximum).long()

    def forward(self, x: Tensor) -> Tensor:
        """Compute the function.

        Parameters
        ----------
        x : Tensor
            Finite, in floating point, of any shape.

        Returns
        -------
        Tensor
            The shape and type of `x`: what the golden model gives for `raw` of it. The gradient is the function's own
            at x, and 0 where the input saturates.
        """
        fmt = self.activation.input
        value = self._golden(self.raw(x)).double() * 2.0**-self.activation.output.fraction_bits
        ends = (float(fmt.real(fmt.minimum)), float(fmt.real(fmt.maximum)))
        return _straight_through(value.to(x.dtype), self._function(x if self.wraps else clamp(x, *ends)))

    def extra_repr(self) -> str:
        """Tell the activation."""
        described = self.activation
        return f"{described.function}, {described.input} to {described.output}, {described.rounding}"


class QuantisedInr(nn.Module):
    """A network that computes what it will compute frozen, and trains the parameters of `network` that way.

    Parameters
    ----------
    network : Inr
        One that `quadcim.models.inr.freeze.freeze` takes. Its parameters are shared, not copied: training this module
        trains them, and they remain what is frozen.
    shape, weight_bits, activation_bits, first_layer_bits, rounding
        As for `quadcim.models.inr.freeze.freeze`.

    Raises
    ------
    IllegalSetting
        If a width is out of range, or the activation is another one; by `forward`, if it is too small for the weights.
    """

    def __init__(self, network: Inr, *, shape: tuple[int, ...], weight_bits: int = 8, activation_bits: int = 8,
                 first_layer_bits: int = 14, rounding: ActivationRounding | None = None):
        super().__init__()
        check_range(weight_bits=weight_bits, activation_bits=activation_bits, first_layer_bits=first_layer_bits)
        self.network = network
        self.omega, self.activation, self.output = network.omega, network.activation, network.output
        self.function: Callable[[Tensor], Tensor] = QuantisedActivation(
            frozen_activation(network, activation_bits, rounding))
        self._plans = layer_plans(network, coordinate_format(*shape), weight_bits=weight_bits,
                                  activation_bits=activation_bits, first_layer_bits=first_layer_bits, rounding=rounding)

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """List weight and bias of each layer as they are frozen, in float64; the gradient passes straight through."""
        rounded = []
        for plan, layer in zip(self._plans, sample_layers(self.network), strict=True):
            with torch.no_grad():
                weight, bias, fraction = plan.round(layer)
                values = (torch.ldexp(weight.double(), -fraction[:, None]),
                          torch.ldexp(bias.double(), -fraction - plan.given.fraction_bits))
            rounded.append(tuple(_straight_through(value, real.double())
                                 for value, real in zip(values, layer, strict=True)))
        return rounded

    def _real_samples(self, x: Tensor) -> Tensor:
        """The samples as real numbers, in float64, so that every sum is exact."""
        *hidden, last = self.layers()
        x = x.double()
        for weight, bias in hidden:
            x = self.function(nn.functional.linear(x, weight, bias))
        return nn.functional.linear(x, *last)

    def samples(self, x: Tensor) -> Tensor:
        """Compute the samples as raw numbers of their format, before they are rounded and saturated."""
        return 2.0**self.output.fraction_bits * self._real_samples(x)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the samples at coordinates, as `Inr` does; float64."""
        scale, offset = output_scale(self.output)
        return (self._real_samples(x) - offset) / scale


def _straight_through(value: Tensor, gradient_of: Tensor) -> Tensor:
    """The value exactly, with the gradient of another tensor: what is added is 0."""
    return value + (gradient_of - gradient_of.detach())
