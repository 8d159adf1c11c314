//! One knob as a control: number with slider, segments, menu, or menu of devices.

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::scenario::{Group, Knob, KnobId, KnobKind, Mode, Scenario, Word};
use weighbridge::units::{exact_size, grouped, typed_here};

use super::case::{Answer, Case};
use super::slider;

/// The control of a knob. A refused value shows why and leaves the scenario as it was.
#[component]
pub fn KnobControl(knob: &'static Knob) -> impl IntoView {
    let case = Case::here();
    let refused = RwSignal::new(None::<(String, String)>);
    let set = Callback::new(move |text: String| {
        let mut next = case.scenario.get_untracked();
        let meant = match knob.kind {
            KnobKind::Choice(_) => text.clone(),
            _ => typed_here(&text),
        };
        match knob.read_field(&mut next, &meant) {
            Ok(()) => {
                refused.set(None);
                case.scenario.set(next);
            }
            Err(error) => refused.set(Some((text, error.to_string()))),
        }
    });
    // A value that comes from elsewhere (a link, a way out) clears the refusal.
    let value = Memo::new(move |_| case.scenario.with(knob.get));
    Effect::new(move |_| {
        value.track();
        refused.set(None);
    });
    // The chip of the card says so too, while the card is closed.
    Effect::new(move |_| {
        let wrong = refused.with(Option::is_some);
        if wrong != case.refused.with_untracked(|all| all.contains(&knob.id)) {
            case.refused.update(|all| {
                if wrong {
                    all.insert(knob.id);
                } else {
                    all.remove(&knob.id);
                }
            });
        }
    });
    on_cleanup(move || {
        case.refused.try_update(|all| all.remove(&knob.id));
    });
    let control = match knob.kind {
        KnobKind::Whole { slider, least, .. } => {
            view! { <Number knob=knob value=value set=set refused=refused least=least slider=slider/> }.into_any()
        }
        KnobKind::Bytes { .. } => view! { <Size knob=knob value=value set=set refused=refused/> }.into_any(),
        KnobKind::Choice(_) if knob.id == KnobId::Mode => view! { <Modes knob=knob set=set/> }.into_any(),
        KnobKind::Choice(rows) => view! { <Menu knob=knob value=value set=set rows=rows/> }.into_any(),
        KnobKind::WholeOr { words, .. } | KnobKind::BytesOr { words, .. } | KnobKind::RealOr { words, .. } => {
            view! { <NumberOrWord knob=knob value=value set=set refused=refused words=words/> }.into_any()
        }
        KnobKind::Pixels { .. } => {
            view! { <NumberOrWord knob=knob value=value set=set refused=refused words=&[]/> }.into_any()
        }
        // The card "Hardware" has controls of its own for these.
        KnobKind::Host | KnobKind::Device | KnobKind::Devices | KnobKind::Shares => ().into_any(),
    };
    if knob.group != Group::Assumptions {
        return control;
    }
    let default = move || knob.is_default(&case.scenario.get());
    let usual = (knob.get)(&Scenario::default());
    let words = spoken(knob, &usual);
    let reset = move |_| set.run(usual.clone());
    view! {
        <div class="assumption">
            {control}
            <p class="from">
                <span>{knob.help}</span>
                <Show when=move || !default()>
                    <span class="yours">"yours"</span>
                    <button class="link" type="button" on:click=reset.clone()>{format!("Back to {words}")}</button>
                </Show>
            </p>
        </div>
    }
    .into_any()
}

/// A value of a knob as its control shows it.
pub fn spoken(knob: &Knob, value: &str) -> String {
    match knob.kind {
        KnobKind::Choice(rows) => rows()
            .into_iter()
            .find(|row| row.key == value)
            .map_or_else(|| value.to_owned(), |row| row.label),
        KnobKind::Bytes { .. } | KnobKind::BytesOr { .. } => {
            value.parse().map_or_else(|_| value.to_owned(), exact_size)
        }
        _ => value.parse().map_or_else(|_| value.to_owned(), grouped),
    }
}

type Refused = RwSignal<Option<(String, String)>>;

/// A whole number: typed, stepped with the arrow keys, or slid over round numbers on a logarithmic scale.
#[component]
fn Number(
    knob: &'static Knob,
    value: Memo<String>,
    set: Callback<String>,
    refused: Refused,
    least: u64,
    slider: u64,
) -> impl IntoView {
    let case = Case::here();
    let stops = StoredValue::new(slider::stops(least, slider));
    // "auto" shows the number it stands for.
    let number = Memo::new(move |_| {
        value.get().parse::<u64>().unwrap_or_else(|_| {
            case.scenario.with(|scenario| {
                if knob.id == KnobId::Batch {
                    scenario.workload.batch
                } else {
                    scenario.generated()
                }
            })
        })
    });
    // What is being typed stays as it is typed; thousands are set apart afterwards.
    let typed = RwSignal::new(None::<String>);
    let shown = move || match (refused.get(), typed.get()) {
        (Some((text, _)), _) | (None, Some(text)) => text,
        (None, None) => grouped(number.get()),
    };
    let type_ = move |text: String| {
        typed.set(Some(text.clone()));
        // A field emptied to type another number is not wrong yet.
        if !text.trim().is_empty() {
            set.run(text);
        }
    };
    let leave = move |text: String| {
        typed.set(None);
        set.run(text);
    };
    let step = move |event: leptos::ev::KeyboardEvent| {
        let up = match event.key().as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            _ => return,
        };
        event.prevent_default();
        typed.set(None);
        if let Some(next) = stops.with_value(|stops| slider::step(stops, number.get_untracked(), up)) {
            set.run(next.to_string());
        }
    };
    let last = stops.with_value(Vec::len).saturating_sub(1);
    let at = move || stops.with_value(|stops| slider::place(stops, number.get()));
    let fill = move || format!("{:.1}", at() as f64 / last.max(1) as f64 * 100.0);
    let slide = move |event: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlInputElement>| {
        let stop = event.target().value().parse::<usize>().ok();
        if let Some(stop) = stop.and_then(|at| stops.with_value(|stops| stops.get(at).copied())) {
            typed.set(None);
            set.run(stop.to_string());
        }
    };
    let id = knob.flag;
    let label = Memo::new(move |_| case.scenario.with(|scenario| knob.label_in(scenario.workload.mode)));
    view! {
        <div class="knob" class:invalid=move || refused.with(Option::is_some)>
            <label for=id title=knob.help>{label}</label>
            <input id=format!("{id}-range") type="range" min="0" max=last.to_string() aria-label=move || format!("{} slider", label.get())
                aria-valuetext=move || grouped(number.get()) prop:value=move || at().to_string() style:--fill=fill on:input:target=slide/>
            <div class="field num">
                <input id=id inputmode="numeric" autocomplete="off" prop:value=shown aria-invalid=move || refused.with(Option::is_some).then_some("true")
                    aria-describedby=format!("{id}-help") on:input:target=move |event| type_(event.target().value())
                    on:change:target=move |event| leave(event.target().value()) on:keydown=step/>
                {suffix(knob, value)}
            </div>
            <p class="help brief" id=format!("{id}-help")>{knob.help}</p>
            <Refusal refused=refused/>
            {(knob.id == KnobId::Batch).then(|| view! { <EndlessQueue set=set/> })}
        </div>
    }
}

/// In serve mode the requests may also come without end.
#[component]
fn EndlessQueue(set: Callback<String>) -> impl IntoView {
    let case = Case::here();
    let serving = Memo::new(move |_| case.scenario.with(|scenario| scenario.workload.mode == Mode::Serve));
    let endless = Memo::new(move |_| case.scenario.with(|scenario| scenario.workload.endless));
    // The number that stood there before, for when the queue ends.
    let before = StoredValue::new(1_u64);
    let turn = move |on: bool| {
        if on {
            before.set_value(case.scenario.with_untracked(|scenario| scenario.workload.batch));
        }
        set.run(if on {
            "max".to_owned()
        } else {
            before.get_value().to_string()
        });
    };
    view! {
        <Show when=move || serving.get()>
            <label class="check wide"><input id="endless" type="checkbox" prop:checked=move || endless.get() on:change:target=move |event| turn(event.target().checked())/>
                <span>"Endless queue"</span><span class="help">"Requests never run out: the server runs as many as fit in memory."</span></label>
        </Show>
    }
}

/// The unit behind a number, unless the label says it or a word stands there.
fn suffix(knob: &'static Knob, value: Memo<String>) -> impl IntoView {
    let unit = Some(knob.unit()).filter(|unit| !matches!(*unit, "" | "tokens"));
    let number = move || value.with(|value| value.parse::<f64>().is_ok());
    unit.map(|unit| move || number().then(|| view! { <span class="unit">{unit}</span> }))
}

/// Why a value was refused, under its field.
#[component]
fn Refusal(refused: Refused) -> impl IntoView {
    move || {
        refused
            .get()
            .map(|(_, message)| view! { <p class="error" role="alert">{message}</p> })
    }
}

/// A size in bytes, written with a unit.
#[component]
fn Size(knob: &'static Knob, value: Memo<String>, set: Callback<String>, refused: Refused) -> impl IntoView {
    let shown = move || {
        refused.get().map_or_else(
            || value.get().parse().map_or_else(|_| value.get(), exact_size),
            |(text, _)| text,
        )
    };
    view! {
        <div class="knob" class:invalid=move || refused.with(Option::is_some)>
            <label for=knob.flag>{knob.label}</label>
            <div class="field num">
                <input id=knob.flag autocomplete="off" prop:value=shown aria-invalid=move || refused.with(Option::is_some).then_some("true")
                    on:change:target=move |event| set.run(event.target().value())/>
            </div>
            <Refusal refused=refused/>
        </div>
    }
}

/// A number, or a word that stands for one: words are offered as one types.
#[component]
fn NumberOrWord(
    knob: &'static Knob,
    value: Memo<String>,
    set: Callback<String>,
    refused: Refused,
    words: &'static [Word],
) -> impl IntoView {
    let word = move |text: &str| words.iter().find(|word| word.key == text || word.label == text);
    let shown = move || {
        refused.get().map_or_else(
            || word(&value.get()).map_or_else(|| spoken(knob, &value.get()), |word| word.label.to_owned()),
            |(text, _)| text,
        )
    };
    let choose = move |text: String| set.run(word(&text).map_or(text, |word| word.key.to_owned()));
    let case = Case::here();
    // What the word stands for now.
    let automatic = Memo::new(move |_| {
        value.with(|value| value == "auto").then_some(())?;
        case.shown
            .with(|shown| shown.as_ref()?.analysis.setup.automatic(knob.id))
    });
    let list = format!("{}-words", knob.flag);
    view! {
        <div class="knob" class:invalid=move || refused.with(Option::is_some)>
            <label for=knob.flag title=knob.help>{knob.label}</label>
            <div class="field num">
                <input id=knob.flag autocomplete="off" list=list.clone() prop:value=shown aria-invalid=move || refused.with(Option::is_some).then_some("true")
                    on:change:target=move |event| choose(event.target().value())/>
                {suffix(knob, value)}
                <datalist id=list>{words.iter().map(|word| view! { <option value=word.label></option> }).collect_view()}</datalist>
            </div>
            {move || automatic.get().map(|now| view! { <p class="help num" data-automatic=knob.flag>{format!("Automatic: {now}")}</p> })}
            <Refusal refused=refused/>
        </div>
    }
}

/// The modes as segments.
#[component]
fn Modes(knob: &'static Knob, set: Callback<String>) -> impl IntoView {
    let case = Case::here();
    let offered = Memo::new(move |_| {
        let of = |answer: &Answer| answer.analysis.setup.modes();
        case.shown
            .with(|shown| shown.as_ref().map_or_else(|| Mode::iter().collect(), of))
    });
    // What writes nothing encodes, in whatever mode it is not trained.
    let encodes = Memo::new(move |_| {
        let of = |answer: &Answer| answer.analysis.setup.encodes();
        case.shown.with(|shown| shown.as_ref().is_some_and(of))
    });
    let modes = move || {
        let encodes = encodes.get();
        offered.get().into_iter().map(|mode| {
            let (label, help) = match mode {
                Mode::Prefill if encodes => ("Encode", "The whole input is read at once; nothing is written."),
                _ => (mode.label(), mode.help()),
            };
            let now = move |now: Mode| now == mode || encodes && !mode.trains() && !now.trains();
            let pressed = move || case.scenario.with(|scenario| now(scenario.workload.mode)).to_string();
            view! { <button type="button" title=help aria-pressed=pressed on:click=move |_| set.run(mode.key().to_owned())>{label}</button> }
        }).collect_view()
    };
    view! { <div class="segments" role="group" aria-label=knob.label>{modes}</div> }
}

/// One of a list.
#[component]
fn Menu(
    knob: &'static Knob,
    value: Memo<String>,
    set: Callback<String>,
    rows: fn() -> Vec<weighbridge::scenario::OptionRow>,
) -> impl IntoView {
    let case = Case::here();
    let note = move || {
        case.shown
            .with(|shown| shown.as_ref()?.analysis.setup.remark(knob.id))
            .unwrap_or_default()
    };
    let options = Memo::new(move |_| {
        let all = case
            .shown
            .with(|shown| Some(shown.as_ref()?.analysis.setup.options(knob.id)));
        all.unwrap_or_default()
    });
    let option = move |key: &str| options.with(|all| all.iter().find(|one| one.key == key).cloned());
    let label =
        move |key: &'static str, label: String| move || option(key).map_or_else(|| label.clone(), |one| one.label);
    view! {
        <div class="choose">
            <label for=knob.flag>{knob.label}" "<i>{note}</i></label>
            <select id=knob.flag title=knob.help prop:value=move || value.get() on:change:target=move |event| set.run(event.target().value())>
                {rows().into_iter().map(|row| {
                    let key = row.key;
                    let label = label(key, row.label);
                    let why = move || option(key).and_then(|one| one.refused);
                    view! {
                        <option value=key title=move || why().map_or_else(|| row.help.clone(), str::to_owned) selected=move || value.get() == key disabled=move || why().is_some() && value.get() != key>
                            {move || match why() { Some(why) => format!("{} — {why}", label()), None => label() }}
                        </option>
                    }
                }).collect_view()}
            </select>
            {move || option(&value.get()).and_then(|one| one.refused).map(|why| view! { <p class="error">{why}</p> })}
            {(knob.group != Group::Assumptions).then(|| view! { <p class="help brief">{knob.help}</p> })}
        </div>
    }
}
