"""The loss of a prompt: Dice and cross-entropy of the best of its three masks, and the error of their IoU estimates.

The released trainer of the paper trains the single-mask output and tests the three others, and its IoU head learns
nothing. Here what is evaluated is trained: the three masks, of which the best one gets the gradient, so that each may
keep a meaning of its own, and the head that chooses among them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812

#: Weight of the error of the IoU estimates.
IOU_WEIGHT = 1.0
_SMOOTH = 1e-5


def mask_loss(
    logits: torch.Tensor, scores: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, dict[str, float]]:
    """Sum of the losses of some prompts.

    Args:
        logits: ``(K, 3, H, W)``, at the size of the masks.
        scores: ``(K, 3)``, the model's own estimates of IoU.
        targets: bool ``(K, H, W)``.

    Returns:
        The sum, and sums for the log: ``loss``, ``dice`` of the masks that the model itself prefers, ``iou_error``.
    """
    logits, scores = logits.float(), scores.float()
    wanted = targets[:, None].expand_as(logits).float()
    shares = logits.sigmoid()
    overlap = (shares * wanted).sum((-2, -1))
    # Squared, as in the paper's recipe (MONAI's DiceCELoss with squared_pred).
    both = shares.square().sum((-2, -1)) + wanted.sum((-2, -1))
    dice = 1 - (2 * overlap + _SMOOTH) / (both + _SMOOTH)
    entropy = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none").mean((-2, -1))
    best = (dice + entropy).min(dim=1).values
    with torch.no_grad():
        found = logits > 0
        shared = (found & targets[:, None]).sum((-2, -1)).float()
        iou = shared / (found | targets[:, None]).sum((-2, -1)).clamp(min=1).float()
        own = iou.gather(1, scores.argmax(dim=1, keepdim=True))
        reached = (2 * own / (1 + own)).sum()
    error = (scores - iou).abs().mean(dim=1).sum()
    loss = best.sum() + IOU_WEIGHT * error
    return loss, {"loss": float(loss.detach()), "dice": float(reached), "iou_error": float(error.detach())}
