"""The kinds of core: all that the rest of the package asks of them is `quadcim.cores.core.Core`."""
