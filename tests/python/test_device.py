import pytest
import torch

from footfall.core import device

pytestmark = pytest.mark.library


def test_auto_takes_what_there_is():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert device.pick("auto").type == expected


def test_unknown_device_is_refused():
    with pytest.raises(ValueError, match="one of auto, cpu, cuda"):
        device.pick("tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_cuda_says_what_to_do():
    with pytest.raises(ValueError, match="use 'auto' or 'cpu'"):
        device.pick("cuda")


def test_threads():
    assert device.use_threads(1) == 1
    assert torch.get_num_threads() == 1
    assert device.use_threads(0) >= 1
    with pytest.raises(ValueError, match="threads is -1"):
        device.use_threads(-1)


def test_describe():
    assert "thread" in device.describe(torch.device("cpu"))
