# /// script
# [tool.marimo.display]
# theme = "light"
# [tool.marimo.runtime]
# on_cell_change = "autorun"
# ///
"""The what-if page, a marimo app: it shows what the rest of this room works out, and works out nothing itself."""

import marimo

app = marimo.App(width="full", app_title="fleetsim: what if")


@app.cell
def start():
    import marimo as mo

    from fleetsim.errors import BadInput
    from fleetsim.explore import markup, opened, pictures, saving, turning, who
    from fleetsim.explore.bench import mistakes
    from fleetsim.explore.changes import changes
    from fleetsim.explore.curve import Asked, NotWanted
    from fleetsim.explore.knobs import DNS

    here = opened.find()
    bench, curves = here.bench, here.curves
    answered_before = []
    return (
        Asked,
        BadInput,
        DNS,
        NotWanted,
        answered_before,
        bench,
        changes,
        curves,
        here,
        markup,
        mistakes,
        mo,
        pictures,
        saving,
        turning,
        who,
    )


@app.cell
def head(bench, markup, mo):
    mo.Html(markup.heading(bench.scenario, bench.file))
    return


@app.cell
def other_knobs(DNS, bench, markup, mo, turning):
    label = markup.label

    def field(value, name, follow=None):
        # Text, so that what is typed is read as everywhere: a field of numbers would round it, or stop it at an end.
        return mo.ui.text(value=str(value), label=label(name), on_change=follow, full_width=True)

    controls = {}
    for _knob in bench.knobs.limits:
        controls[turning.unlimited(_knob)] = mo.ui.checkbox(value=_knob.units is None, label="unlimited")
    for _group in bench.knobs.groups:
        _count = _group.count
        controls[_count.path] = field(_count.value, _count.label)
        for _there, _name, _what in (
            (_group.often, turning.often(_group), turning.OFTEN),
            (_group.large, turning.large(_group), turning.LARGE),
        ):
            if _there:
                controls[_name] = field(1, f"{_group.name}: {_what}")
    for _knob in (*bench.knobs.platform, *bench.knobs.tariff):
        if _knob.path.endswith("dns_when_blocked"):
            controls[_knob.path] = mo.ui.dropdown(
                DNS, value=_knob.value, label=label(_knob.label), full_width=True, allow_select_none=False
            )
        else:
            controls[_knob.path] = field(_knob.value, _knob.label)
    replications = field(bench.replications, "Replications")
    knobs = mo.ui.dictionary(controls)

    def column(paths):
        return mo.vstack([knobs[path] for path in paths if path in controls], gap=0.75)

    folds = mo.accordion(
        {
            "Devices and traffic": column(
                path
                for group in bench.knobs.groups
                for path in (group.count.path, turning.often(group), turning.large(group))
            ),
            "Platform": column(knob.path for knob in bench.knobs.platform),
            "Tariff": column(knob.path for knob in bench.knobs.tariff),
            "How sure": replications,
        },
        multiple=True,
    )
    return field, folds, knobs, label, replications


@app.cell
def standing(bench, mo):
    # A limit has a slider and a field that follow each other: a hand on the one lets only the other be made anew.
    stands = {knob.path: str(knob.units or knob.most) for knob in bench.knobs.limits}
    slid, slide = mo.state(0)
    typed, write = mo.state(0)

    def standing(path, moved):
        def follow(value):
            stands[path] = str(value)
            moved(lambda times: times + 1)

        return follow

    return slid, slide, standing, stands, typed, write


@app.cell
def limit_fields(bench, field, mo, slid, standing, stands, write):
    slid()
    limits_typed = mo.ui.dictionary(
        {
            knob.path: field(stands[knob.path], f"{knob.label}, {knob.unit}", standing(knob.path, write))
            for knob in bench.knobs.limits
        }
    )
    return (limits_typed,)


@app.cell
def limit_sliders(bench, mo, slide, standing, stands, turning, typed):
    typed()
    places = {knob.path: turning.place(knob, stands[knob.path]) for knob in bench.knobs.limits}
    sliders = mo.ui.dictionary(
        {
            knob.path: mo.ui.slider(
                start=turning.step_of(knob),
                stop=knob.most,
                step=turning.step_of(knob),
                value=places[knob.path] or knob.most,
                debounce=True,
                full_width=True,
                on_change=standing(knob.path, slide),
            )
            for knob in bench.knobs.limits
        }
    )
    return (sliders,)


@app.cell
def board(bench, folds, knobs, limits_typed, markup, mo, sliders, turning):
    _fixed = bench.knobs.fixed
    mo.vstack(
        [
            mo.Html(markup.titled("Turn")),
            mo.Html(markup.note(f"With a '=' in the name, this stays as it is: {', '.join(_fixed)}") if _fixed else ""),
            *(
                mo.vstack([sliders[knob.path], limits_typed[knob.path], knobs[turning.unlimited(knob)]])
                for knob in bench.knobs.limits
            ),
            folds,
        ]
    )
    return


@app.cell
def answer(
    BadInput,
    answered_before,
    bench,
    changes,
    knobs,
    limits_typed,
    markup,
    mistakes,
    mo,
    replications,
    turning,
):
    def tell(text):
        mo.output.replace(mo.Html(markup.waiting(text)))

    _wrong = ""
    try:
        if not answered_before:
            tell("Simulating the scenario as it is…")
        _held = {**knobs.value, **limits_typed.value}
        _turned = bench.overrides_of(turning.turned_from(bench.knobs, _held))
        _n = turning.whole("replications", replications.value)
        _opened = bench.answer((), _n, tell)
        _now = bench.answer(_turned, _n, tell)
        answered_before[:] = [(_now, markup.answered(_now, changes(_opened.result, _now.result)))]
    except BadInput as _error:
        _wrong = markup.wrong("This cannot be simulated; the answer is still that of before:", mistakes(_error))
    except (OSError, MemoryError) as _error:
        _wrong = markup.wrong(
            "The simulation failed; the answer is still that of before:", [str(_error) or "out of memory"]
        )
    outcome, _shown = answered_before[0] if answered_before else (None, "")
    mo.Html(_wrong + _shown)
    return (outcome,)


@app.cell
def curve_knobs(bench, label, markup, mo):
    _fleets = [name for name, fleet in bench.scenario.fleets.items() if bench.knobs.limit_of(name) is not None]
    _first = bench.knobs.limit_of(_fleets[0]) if _fleets else None
    of_fleet = mo.ui.dropdown(
        _fleets, value=_fleets[0] if _fleets else None, label="Fleet", allow_select_none=not _fleets
    )
    limits = mo.ui.text(value=_first.limits if _first else "", label="Limits, FROM:TO:STEP or a list")
    share = mo.ui.text(value="0.5%", label="Most that may be blocked")
    mo.vstack(
        [
            mo.Html(markup.titled("The curve of limits")),
            mo.hstack([of_fleet, limits, share], wrap=True, justify="start"),
        ]
    )
    return limits, of_fleet, share


@app.cell
def curve(
    Asked,
    BadInput,
    NotWanted,
    bench,
    curves,
    limits,
    markup,
    mistakes,
    mo,
    of_fleet,
    outcome,
    pictures,
    share,
):
    mo.stop(outcome is None or of_fleet.value is None)

    def draw(scenario, asked, engine, tell=lambda done: None):
        study = curves.study(scenario, asked, engine, tell)
        return markup.picture(pictures.of_limits(study, scenario.fleets[asked.fleet].data_limit_bytes), "curve")

    def follow(scenario, asked, engine):
        # In a thread of its own: the answer to the next turn does not wait for it, it waits for the answer. What it
        # works with it was given, for the names of a cell go when the cell runs again.
        thread = mo.current_thread()

        def tell(done):
            bench.quiet.wait()
            if not thread.should_exit:
                mo.output.replace(mo.Html(markup.waiting(f"Looking at all limits: {100 * done:.0f} %")))

        try:
            shown = draw(scenario, asked, engine, tell)
        except NotWanted:
            shown = markup.waiting("Something else was turned.")
        except BadInput as error:
            shown = markup.wrong("There is no curve:", mistakes(error))
        except (OSError, MemoryError) as error:
            shown = markup.wrong("The curve failed:", [str(error) or "out of memory"])
        if not thread.should_exit:
            mo.output.replace(mo.Html(shown))

    def begin(scenario, asked, engine):
        try:
            if curves.knows(scenario, asked, engine):
                mo.output.replace(mo.Html(draw(scenario, asked, engine)))
            else:
                mo.output.replace(mo.Html(markup.waiting("Looking at all limits…")))
                mo.Thread(target=follow, args=(scenario, asked, engine), daemon=True).start()
        except BadInput as error:
            mo.output.replace(mo.Html(markup.wrong("There is no curve:", mistakes(error))))

    begin(outcome.scenario, Asked(of_fleet.value, limits.value, share.value), str(outcome.result.manifest["engine"]))
    return


@app.cell
def views(mo, pictures, markup):
    view = mo.ui.tabs(dict.fromkeys(("One SIM", *pictures.OF_A_RUN.values()), ""))
    mo.vstack([mo.Html(markup.titled("A closer look")), view])
    return (view,)


@app.cell
def sim_knobs(mo, view, who):
    mo.stop(view.value != "One SIM")
    whose = mo.ui.dropdown(who.WHOSE, value=who.LARGEST, label="Whose period", allow_select_none=False)
    mo.vstack([whose])
    return (whose,)


@app.cell
def sim_numbers(mo, who, whose):
    sim = mo.ui.text(value="0", label="SIM, from 0")
    replication = mo.ui.text(value="0", label="Replication, from 0")
    mo.hstack([sim, replication], wrap=True, justify="start") if whose.value == who.NUMBER else None
    return replication, sim


@app.cell
def one_sim(BadInput, markup, mistakes, mo, outcome, pictures, replication, sim, turning, who, whose):
    mo.stop(outcome is None)
    try:
        _chosen = who.find(
            outcome.result,
            whose.value,
            turning.whole("SIM", sim.value),
            turning.whole("replication", replication.value),
        )
        if _chosen is None:
            _shown = markup.note(who.NOBODY[whose.value])
        else:
            _shown = markup.picture(pictures.of_a_sim(outcome.result, _chosen), "sim")
    except BadInput as _error:
        _shown = markup.wrong("There is no such SIM:", mistakes(_error))
    mo.Html(_shown)
    return


@app.cell
def of_a_run(markup, mo, outcome, pictures, view):
    mo.stop(outcome is None or view.value == "One SIM")
    _key = next(key for key, name in pictures.OF_A_RUN.items() if name == view.value)
    mo.Html(markup.picture(pictures.of_a_run(outcome.result, _key), _key))
    return


@app.cell
def save_knobs(bench, here, markup, mo, saving):
    path = mo.ui.text(value=saving.default_name(bench.file, here.folder), label="File", full_width=True)
    replace = mo.ui.checkbox(label="replace a file that is there")
    save = mo.ui.run_button(label="Save this scenario")
    mo.vstack(
        [mo.Html(markup.titled("Keep what you found")), path, mo.hstack([save, replace], wrap=True, justify="start")]
    )
    return path, replace, save


@app.cell
def saved(
    Asked, BadInput, bench, here, limits, markup, mistakes, mo, of_fleet, outcome, path, replace, save, saving, share
):
    mo.stop(not save.value or outcome is None)
    try:
        _path = saving.save(
            outcome.scenario,
            path.value,
            here.folder,
            opened=bench.file,
            turned=[*bench.overrides, *outcome.turned],
            replace=replace.value,
            inside=here.inside,
        )
        _asked = Asked(of_fleet.value or "", limits.value, share.value)
        _choose = saving.choosing(_path, outcome.scenario, _asked)
        _shown = markup.saved(str(_path), saving.command(_path), _choose)
    except BadInput as _error:
        _shown = markup.wrong("Not saved:", mistakes(_error))
    except OSError as _error:
        _shown = markup.wrong("Not saved:", [str(_error)])
    mo.Html(_shown)
    return


if __name__ == "__main__":
    app.run()
