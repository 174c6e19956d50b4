"""Who shows the figures, by what hosts of notebooks leave in a kernel."""

import sys
import types

import pytest

from tfwidget.jupyter import cells, hosts, receiver

IN_VS_CODE = "vscode-notebook-cell:/home/me/train.ipynb#W2sZmlsZQ%3D%3D"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel of which nothing is known."""
    for name in (hosts.VARIABLE, "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    run_in(monkeypatch, "9f1a6d3e-7c52-4c5e-8a55-0d6c4a1f2b33")


def run_in(monkeypatch: pytest.MonkeyPatch, cell_id: str | None) -> None:
    monkeypatch.setattr(cells, "cell", lambda: (cell_id, "execution"))


def enter(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if host == "VS Code":
        run_in(monkeypatch, IN_VS_CODE)
    elif host == "Kaggle":
        monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    else:
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("colab"))


@pytest.mark.parametrize("cell_id", [None, "", "3"])
def test_an_unknown_host_is_one_with_our_extension(cell_id: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(monkeypatch, cell_id)
    assert hosts.known_host() is None
    assert not hosts.ipympl_shows()


@pytest.mark.parametrize("host", ["VS Code", "Kaggle", "Colab"])
def test_hosts_that_load_no_extension_are_known(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(host, monkeypatch)
    assert hosts.known_host() == host
    assert hosts.ipympl_shows()


def test_a_jupyterlab_started_in_a_terminal_of_vs_code_is_not_vs_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VSCODE_PID", "VSCODE_CWD", "VSCODE_IPC_HOOK_CLI", "TERM_PROGRAM"):
        monkeypatch.setenv(name, "vscode")
    assert hosts.known_host() is None


@pytest.mark.parametrize("host", ["VS Code", "Kaggle", "Colab", None])
def test_what_the_user_says_goes_before_what_is_known(host: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if host:
        enter(host, monkeypatch)
    monkeypatch.setenv(hosts.VARIABLE, "ipympl")
    assert hosts.ipympl_shows()
    monkeypatch.setenv(hosts.VARIABLE, "tfwidget")
    assert not hosts.ipympl_shows()
    monkeypatch.setenv(hosts.VARIABLE, "")
    assert hosts.ipympl_shows() == (host is not None)


def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(hosts.VARIABLE, "vscode")
    with pytest.raises(ValueError, match=r"TFWIDGET_FRONT_END must be 'ipympl', .* got 'vscode'; .* %env TFWIDGET"):
        hosts.ipympl_shows()


@pytest.mark.parametrize("able", [True, False])
def test_vs_code_sends_nothing_while_a_cell_runs(able: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "messages_arrive_during_cells", lambda: able)
    assert hosts.messages_arrive_during_cells() == able
    run_in(monkeypatch, IN_VS_CODE)
    assert not hosts.messages_arrive_during_cells()
