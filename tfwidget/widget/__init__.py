"""The live plot as a widget: figure, buttons, numbers, knobs."""
