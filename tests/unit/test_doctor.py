"""What the doctor says where there is no kernel; the kernel ring asks it in kernels."""

import pytest

from tfwidget import doctor
from tfwidget.errors import UnsupportedError
from tfwidget.jupyter import cells, hosts


def finding(what: str) -> str:
    [line] = [line for line in doctor.report().splitlines() if line.startswith(what)]
    return line.removeprefix(what).strip()


def test_it_names_the_packages_that_matter() -> None:
    assert finding("ipykernel").startswith(("6.", "7."))
    assert finding("Python").startswith("3.")


@pytest.mark.parametrize(
    ("in_kernel", "arrive", "host", "says"),
    [
        (False, False, None, "no: this is not a Jupyter kernel"),
        (True, True, None, "yes"),
        (
            True,
            False,
            "VS Code",
            "no: VS Code sends nothing meanwhile; run the cell in the background, with %%tfwidget",
        ),
        (True, False, None, "no: this kernel reads messages between cells only; install ipykernel 7.1 or newer"),
    ],
)
def test_it_says_whether_widgets_answer_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, in_kernel: bool, arrive: bool, host: str | None, says: str
) -> None:
    monkeypatch.setattr(cells, "in_kernel", lambda: in_kernel)
    monkeypatch.setattr(hosts, "messages_arrive_during_cells", lambda: arrive)
    monkeypatch.setattr(hosts, "known_host", lambda: host)
    assert finding("widgets answer while a cell runs") == says


def test_a_kernel_that_is_not_known_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bool:
        raise UnsupportedError("install 'ipykernel<7.5'")

    monkeypatch.setattr(cells, "in_kernel", lambda: True)
    monkeypatch.setattr(hosts, "messages_arrive_during_cells", fail)
    assert finding("widgets answer while a cell runs") == "no: install 'ipykernel<7.5'"


def test_a_choice_that_makes_no_sense_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(hosts.VARIABLE, "emacs")
    assert finding("figures are shown by").startswith(f"nobody: the environment variable {hosts.VARIABLE} must be")
