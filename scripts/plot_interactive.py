"""The surfaces of Figures 2 and 6, the τ–α plane of Figure 5 and phase diagrams as one page, to be turned and read point by point.

In: surface and end points of every landscape, and the summaries of Figure 5's experiments and of phase diagrams, of those that
the configuration has. Out: a web page that needs nothing beside it, with plotly.js compressed in it.
"""

import base64
import gzip
import itertools
import json
import math

import numpy as np
import pandas as pd
from plotly.offline import get_plotlyjs

from lazytraining.config import names
from lazytraining.figures import style
from lazytraining.figures.regimes import LOOKS
from lazytraining.files import parquet, provenance, schemas, whole
from lazytraining.workflow import jobs

BAR = {"thickness": 14, "len": 0.7}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Surfaces to turn</title><style>
html, body { height: 100%; margin: 0; font: 14px/1.4 sans-serif }
body { display: flex; flex-direction: column; padding: .5rem; box-sizing: border-box; overflow-x: hidden }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center }
select, button { font: inherit; max-width: 100% }
button { min-width: 2rem; min-height: 2rem }
p { margin: .4rem 0 0; color: #444 }
#plot { flex: 1; min-height: 20rem }
:focus-visible { outline: 2px solid #1d4ed8 }
</style></head><body>
<form><select id="picture" aria-label="picture"></select><select id="view" aria-label="view"></select><span id="moves"></span></form>
<p id="hint">Loading …</p><div id="plot" tabindex="0" role="application"></div>
<script id="provenance" type="application/json">PROVENANCE</script>
<script id="library" type="text/plain">LIBRARY</script>
<script>
const pictures = PICTURES;
const [picture, view, hint, plot, buttons] = ["picture", "view", "hint", "plot", "moves"].map(id => document.getElementById(id));
const fill = (select, names) => select.replaceChildren(...names.map(name => new Option(name)));
const MOVES = {ArrowLeft: ["←", "turn left", -0.2, 0, 1], ArrowRight: ["→", "turn right", 0.2, 0, 1], ArrowUp: ["↑", "from higher", 0, 0.15, 1],
  ArrowDown: ["↓", "from lower", 0, -0.15, 1], "+": ["+", "nearer", 0, 0, 0.85], "-": ["−", "further away", 0, 0, 1 / 0.85], Home: ["⟲", "as at first"]};
function start_eye() {  // far enough away that a narrow scene shows its axes
  const far = Math.max(1, 1.2 * plot.clientHeight / (plot.clientWidth - (innerWidth < 600 ? 0 : 90)));
  return {x: 1.5 * far, y: -1.7 * far, z: far};
}
function move(key) {
  const [, , turn, rise, away] = MOVES[key], {x, y, z} = plot._fullLayout.scene._scene.getCamera().eye;
  const distance = Math.hypot(x, y, z) * away, side = Math.atan2(y, x) + turn, height = Math.min(1.5, Math.max(-1.5, Math.asin(z / Math.hypot(x, y, z)) + rise));
  const eye = {x: distance * Math.cos(height) * Math.cos(side), y: distance * Math.cos(height) * Math.sin(side), z: distance * Math.sin(height)};
  return Plotly.relayout(plot, {"scene.camera.eye": key === "Home" ? start_eye() : eye});
}
buttons.append(...Object.entries(MOVES).map(([key, [sign, name]]) => {
  const button = Object.assign(document.createElement("button"), {type: "button", textContent: sign, title: name, ariaLabel: name});
  button.onclick = () => move(key);
  return button;
}));
plot.onkeydown = event => {
  if (!(event.key in MOVES)) return;
  event.preventDefault();
  move(event.key);
};
function draw() {
  const shown = pictures[picture.value], scene = structuredClone(shown.scene), narrow = innerWidth < 600;
  for (const axis of [scene.xaxis, scene.yaxis, scene.zaxis]) Object.assign(axis, {tickfont: {size: 12}});
  const layout = {scene: {...scene, uirevision: picture.value, camera: {eye: start_eye()}}, uirevision: "kept", font: {size: 12},
    margin: {l: 0, r: 0, t: 0, b: 0}, legend: {itemsizing: "constant", orientation: "h", y: 0, yanchor: "bottom", x: 0}};
  const traces = structuredClone(shown.views[view.value]);
  if (narrow) for (const trace of traces) if (trace.colorbar) Object.assign(trace.colorbar, {orientation: "h", thickness: 10, len: 0.9, y: 1, yanchor: "top"});
  hint.textContent = shown.hint;
  plot.ariaLabel = `${picture.value}, ${view.value}; the arrow keys turn it, + and − come nearer and go away`;
  return Plotly.react("plot", traces, layout, {responsive: true, displaylogo: false, displayModeBar: !narrow, modeBarButtons: [["resetCameraDefault3d", "toImage"]]});
}
function choose() {
  const before = Math.max(view.selectedIndex, 0);
  fill(view, Object.keys(pictures[picture.value].views));
  view.selectedIndex = Math.min(before, view.options.length - 1);
  return draw();
}
async function start() {
  const bytes = Uint8Array.from(atob(document.getElementById("library").textContent), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  fill(picture, Object.keys(pictures));
  picture.onchange = choose;
  view.onchange = draw;
  await choose();
}
start().catch(error => { hint.textContent = "This browser does not draw it (it needs WebGL and DecompressionStream): " + error; throw error; });
</script></body></html>
"""


def rounded(values) -> list:
    """Four digits of each, None where it is not finite."""
    values = np.asarray(values, float)
    if values.ndim > 1:
        return [rounded(row) for row in values]
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values]


def colours(losses: np.ndarray, title: str) -> dict:
    """A logarithmic scale of colours over these losses, with ticks at powers of ten."""
    finite = losses[np.isfinite(losses) & (losses > 0)]
    low, high = np.log10([finite.min(), finite.max()]) if len(finite) else (0, 1)
    steps = (1, 2, 5) if high - low < 2 else (1,)
    ticks = [step * 10.0**power for power in range(math.floor(low), math.ceil(high)) for step in steps]
    bar = {"tickvals": np.log10(ticks).tolist(), "ticktext": [f"{tick:g}" for tick in ticks]}
    return {
        "cmin": low,
        "cmax": high,
        "colorscale": "Viridis",
        "colorbar": BAR | bar | {"title": {"text": title}},
    }


def landscape(surface: pd.DataFrame, endpoints: pd.DataFrame) -> list[dict]:
    """The surface over its plane, and every student at its projection, as high as its own test loss, nailed to the surface."""
    table = surface.pivot(index="y", columns="x", values="test_loss")
    scale = colours(np.concatenate([table.to_numpy().ravel(), endpoints["test_loss"]]), "test loss")
    traces = [
        {
            "type": "surface",
            "x": rounded(table.columns),
            "y": rounded(table.index),
            "z": rounded(table),
            "surfacecolor": rounded(np.log10(table.where(table > 0))),
            "hovertemplate": "surface: test loss %{z:.3g}<br>at (%{x:.3g}, %{y:.3g})<extra></extra>",
        }
        | scale
    ]
    for experiment, symbol, color in zip(
        names.LANDSCAPES, ("circle", "square"), style.COLORS[1:4:2], strict=True
    ):
        scaling = names.scaling(experiment)
        own = endpoints[(endpoints["experiment"] == experiment) & ~endpoints["diverged"]]
        columns = ["seed", "surface_loss", "in_plane", "test_loss_plane_alpha"]
        gap = 1.2 * own["surface_loss"] - own["test_loss"]
        nail = {"type": "data", "symmetric": False, "thickness": 2, "width": 0}
        nail |= {"array": rounded(gap.clip(lower=0)), "arrayminus": rounded(-gap.clip(upper=0))}
        text = f"trained with {scaling}, seed %{{customdata[0]}}<br>own test loss %{{z:.3g}}"
        text += (
            "<br>surface under it %{customdata[1]:.3g}<br>in the plane: %{customdata[2]:.0%} of its distance"
        )
        text += "<br>loss with the plane's α: %{customdata[3]:.3g}<extra></extra>"
        traces.append(
            {
                "type": "scatter3d",
                "mode": "markers",
                "name": f"trained with {scaling}",
                "x": rounded(own["x"]),
                "y": rounded(own["y"]),
                "z": rounded(own["test_loss"]),
                "customdata": rounded(own[columns]),
                "error_z": nail | {"color": color},
                "marker": {
                    "symbol": symbol,
                    "size": 5,
                    "color": color,
                    "line": {"color": "white", "width": 1},
                },
                "hovertemplate": text,
            }
        )
    return traces


def landscapes(surfaces: pd.DataFrame, endpoints: pd.DataFrame) -> dict:
    """A picture for each scaling, with a view for each m; an empty one where students that did not diverge span no plane."""
    titles = ["first direction", "second direction", "test loss"]
    axes = [{"title": {"text": title}} for title in titles]
    scene = dict(zip(("xaxis", "yaxis", "zaxis"), axes, strict=True)) | {"aspectmode": "cube"}
    scene["zaxis"] |= {"type": "log", "nticks": 5}  # powers of ten alone, where there are many
    hint = "Markers are students, each as high as its own test loss, with a line through the surface at its projection. Drag or press the arrow keys to turn; scroll, pinch or press + to come nearer; point to read."
    found = {}
    for (plane, m), own in endpoints.groupby(["plane", "m"], sort=True):
        title = f"Figures 2 and 6: plane of {names.scaling(plane)}"
        picture = found.setdefault(title, {"scene": scene, "hint": hint, "views": {}})
        surface = surfaces[(surfaces["experiment"] == plane) & (surfaces["m"] == m)]
        view = f"m = {m}{lost(int(own['diverged'].sum()), len(own))}"
        picture["views"][view] = landscape(surface, own) if len(surface) else []
    return found


def lost(diverged: int, total: int) -> str:
    """How many runs diverged, if any did."""
    return f" ({diverged} of {total} runs diverged)" if diverged else ""


def tau_alpha(summary: pd.DataFrame) -> dict:
    """A picture of ln L over τ and α, with a view for each reading of the experiment; none without rows."""
    views = {}
    for experiment, reading in names.READINGS.items():
        column = f"{reading.loss}_mean"
        cells = summary[summary["experiment"] == experiment]
        if cells.empty:
            continue
        loss = np.log(cells[column].where(cells[column] > 0))
        part = cells.assign(loss=loss, product=cells["alpha"] * cells["tau"] ** 2)
        tables_of = [
            part.pivot(index="alpha", columns="tau", values=name)
            for name in ("loss", column, "product", "n_seeds", "n_diverged")
        ]
        table, *data = tables_of
        text = "τ = %{x:.3g}, α = %{y:.3g}, α τ² = %{customdata[1]:.3g}<br>L = %{customdata[0]:.3g}, ln L = %{z:.3g}"
        text += "<br>%{customdata[2]} seeds, %{customdata[3]} diverged<extra></extra>"
        view = reading.full + lost(*cells[["n_diverged", "n_seeds"]].sum())
        views[view] = [
            {
                "type": "surface",
                "x": rounded(table.columns),
                "y": rounded(table.index),
                "z": rounded(table),
                "customdata": rounded(np.dstack(data)),
                "colorscale": "Viridis",
                "colorbar": BAR | {"title": {"text": "ln L"}},
                "contours": {"z": {"show": True, "color": "white", "project": {"z": True}}},
                "hovertemplate": text,
            }
        ]
    titles = {"xaxis": "initialisation scale τ", "yaxis": "output scale α", "zaxis": "ln L, test"}
    scene = {axis: {"title": {"text": title}} for axis, title in titles.items()}
    for axis in ("xaxis", "yaxis"):
        scene[axis] |= {"type": "log", "exponentformat": "power", "dtick": 1}
    hint = "L is the mean test loss over seeds; lines join equal losses. From above it is a panel of Figure 5, from the side its bars. The arrow keys turn it too."
    picture = {"scene": scene | {"aspectmode": "cube"}, "hint": hint, "views": views}
    return {"Figure 5: loss over τ and α": picture} if views else {}


HEIGHTS = {
    "kernel_movement_median": "kernel movement",
    "gap_test_median": "gap to the tangent model, test points",
}
"""What a phase diagram shows as height."""


def phase(summary: pd.DataFrame) -> dict:
    """A picture for each phase diagram, with a view for each start and order parameter, in the colours of the regimes. A start that has one m
    or one coupling spans no surface."""
    regimes, count = list(LOOKS), len(LOOKS)
    scale = [
        [(number + end) / count, LOOKS[name][0]] for number, name in enumerate(regimes) for end in (0, 1)
    ]
    bar = BAR | {"tickvals": list(range(count)), "ticktext": regimes}
    found = {}
    for name, rows in summary.groupby("experiment"):
        views = {}
        starts = [(start, own) for start, own in rows.groupby("symmetrize") if spans(own)]
        for (start, own), (column, label) in itertools.product(starts, HEIGHTS.items()):
            columns = (
                column,
                "regime",
                "regime_share",
                "gap_test_median",
                "kernel_movement_median",
                "predicted_kernel_median",
            )
            table, regime, *data = (own.pivot(index="m", columns="coupling", values=name) for name in columns)
            numbers = regime.map(regimes.index, na_action="ignore")
            text = "g = %{x:.3g}, m = %{y}<br>%{text}, of %{customdata[0]:.0%} of the seeds<br>gap %{customdata[1]:.2g}"
            text += "<br>kernel movement %{customdata[2]:.2g}, predicted %{customdata[3]:.2g}<extra></extra>"
            view = f"{names.STARTS[start]}: {label}"
            views[view + lost(*own[["n_diverged", "n_seeds"]].sum())] = [
                {
                    "type": "surface",
                    "x": rounded(table.columns),
                    "y": rounded(table.index),
                    "z": rounded(table),
                    "surfacecolor": rounded(numbers.astype(float)),
                    "cmin": -0.5,
                    "cmax": count - 0.5,
                    "colorscale": scale,
                    "colorbar": bar,
                    "text": regime.fillna("").to_numpy().tolist(),
                    "customdata": rounded(np.dstack(data)),
                    "hovertemplate": text,
                }
            ]
        titles = {"xaxis": "coupling g", "yaxis": "neurons m", "zaxis": ""}
        scene = {axis: {"title": {"text": title}, "type": "log"} for axis, title in titles.items()}
        hint = "Height is a median over seeds, colour the regime of most of them. Point to read a cell, from above it is the diagram."
        if views:
            found[f"{name}: phase diagram"] = {
                "scene": scene | {"aspectmode": "cube"},
                "hint": hint,
                "views": views,
            }
    return found


def spans(own: pd.DataFrame) -> bool:
    """Whether there is more than one m and more than one coupling."""
    return own["m"].nunique() > 1 and own["coupling"].nunique() > 1


def page(pictures: dict) -> str:
    library = base64.b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode()
    data = json.dumps(pictures, ensure_ascii=False, separators=(",", ":"))
    origin = json.dumps(provenance.provenance()).replace("<", "\\u003c")
    return PAGE.replace("PROVENANCE", origin, 1).replace("PICTURES", data, 1).replace("LIBRARY", library, 1)


def main(snakemake) -> None:
    jobs.start(snakemake)
    pictures = {}
    if snakemake.input.surfaces:
        surfaces = parquet.read(snakemake.input.surfaces, schemas.SURFACE).to_pandas()
        pictures |= landscapes(
            surfaces, parquet.read(snakemake.input.endpoints, schemas.ENDPOINTS).to_pandas()
        )
    if snakemake.input.summaries:
        pictures |= tau_alpha(parquet.read(snakemake.input.summaries, schemas.SUMMARY).to_pandas())
    if snakemake.input.planes:
        pictures |= phase(parquet.read(snakemake.input.planes, schemas.PHASE_SUMMARY).to_pandas())
    with whole.replacing(snakemake.output[0]) as temporary:
        temporary.write_text(page(pictures), encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
