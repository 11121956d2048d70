"""Test loss over the plane of step size η and initialisation scale τ (§5.1).

In: the summary and the baselines of the experiment. Out: the figure as PNG and PDF. Cells in which every run diverged are hatched;
lines are two rules for η, and the step beyond which descent on the tangent model at w0 diverges. Colours end at twice the
zero predictor's loss.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.student.step_rules import STEP_RULES
from lazytraining.workflow import jobs

EDGE = r"$2n/\lambda_{\max}$ of the tangent kernel at $w_0$"


def draw(summary: pd.DataFrame, baselines: pd.DataFrame) -> plt.Figure:
    figure, panels = plt.subplots(1, 2, figsize=(style.PAGE, 3.1), sharey=True)
    losses = summary[[f"{column}_mean" for column in labels.LOSSES]]
    most = 2 * baselines.drop_duplicates("seed")["zero_loss"].mean()
    norm = plots.loss_norm(losses.stack().clip(upper=most))
    edge = baselines.groupby("tau")["stable_step"].mean()
    tau = edge.index.to_numpy()
    lines = {label: STEP_RULES[rule].eta(tau) for rule, label in labels.STEP_RULES.items()} | {
        EDGE: edge.to_numpy()
    }
    for axes, (column, label) in zip(panels, labels.LOSSES.items(), strict=True):
        plots.heat_map(axes, summary, "tau", "eta", f"{column}_mean", norm=norm)
        limits = axes.get_ylim()
        for (name, values), dashes in zip(lines.items(), style.LINES, strict=False):
            options = {"color": "white", "path_effects": style.OUTLINE, "ls": dashes}
            axes.plot(tau, values, label=name, **options)
        axes.set_ylim(limits)
        style.letter(axes, label)
    panels[1].set_ylabel("")
    plots.color_bar(figure, norm, panels, labels.LABELS["test_loss"], extend="max")
    plots.legend(figure, panels, ncols=2)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    summary = parquet.read(snakemake.input.summaries, schemas.SUMMARY).to_pandas()
    baselines = parquet.read(snakemake.input.baselines, schemas.BASELINES).to_pandas()
    style.save(draw(summary, baselines), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
