//! Options as JavaScript gives them. What is not known is refused by its name: a misspelt option would be another question.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::shelf;
use crate::ask::{BuiltIn, Failure, Found, LLAMA_CPP_OWN, asked_in, built_in, flag_names, knob_of, set_flags};
use crate::limits;
use crate::model::catalogue;
use crate::scenario::{ModelSource, Scenario};
use crate::units::shown;

/// An object of options.
#[derive(Debug)]
pub(super) struct Options(Map<String, Value>);

fn bad(words: impl Into<String>) -> Failure {
    Failure::new("bad_option", words)
}

/// What is said where no model is named.
pub(super) fn ask_for_model() -> Failure {
    Failure::new("no_model", "Say which model: model, config or link.")
}

impl Options {
    /// Reads options and refuses those that are not known. What is null is not given.
    pub(super) fn read(text: &str, known: &[&str]) -> Result<Self, Failure> {
        if limits::LISTING.is_passed_by(text.as_bytes()) {
            return Err(Failure::new("too_large", "The options have more than 8 MiB."));
        }
        let Ok(Value::Object(mut given)) = serde_json::from_str(text) else {
            return Err(bad("Options are one object, such as {model: \"Qwen/Qwen3-8B\"}."));
        };
        given.retain(|_, value| !value.is_null());
        match given.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(Self(given)),
            Some(flag) if known.contains(&"flags") && flag_names().any(|name| name == flag) => {
                Err(bad(format!("\"{flag}\" is a flag: write flags: {{\"{flag}\": …}}.")))
            }
            Some(other) => Err(bad(format!(
                "There is no option \"{}\" here. There are: {}.",
                short(other),
                known.join(", ")
            ))),
        }
    }
    /// An option that is a text; an empty one is not given.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, Failure> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(_) => Err(bad(format!("{key} must be a text."))),
        }
    }
    /// An option that is yes or no.
    pub(super) fn switch(&self, key: &str) -> Result<bool, Failure> {
        match self.0.get(key) {
            None => Ok(false),
            Some(Value::Bool(on)) => Ok(*on),
            Some(_) => Err(bad(format!("{key} must be true or false."))),
        }
    }
    /// An option that is a whole number from one up.
    pub(super) fn number(&self, key: &str, most: u64) -> Result<Option<u64>, Failure> {
        let Some(value) = self.0.get(key) else { return Ok(None) };
        let number = value.as_u64().filter(|number| (1..=most).contains(number));
        number
            .map(Some)
            .ok_or_else(|| bad(format!("{key} must be a whole number from 1 to {most}.")))
    }
    /// An option that is a list of texts, or one text with commas.
    pub(super) fn list(&self, key: &str) -> Result<Option<String>, Failure> {
        self.0.get(key).map(|value| value_text(key, value)).transpose()
    }
    /// Refuses options that make no sense beside another.
    pub(super) fn excludes(&self, key: &str, others: &[&str]) -> Result<(), Failure> {
        match others.iter().find(|other| self.0.contains_key(**other)) {
            Some(other) => Err(bad(format!("{key} and {other} exclude each other."))),
            None => Ok(()),
        }
    }
    /// The scenario: that of the link if there is one, then the flags, then changes of the config.
    pub(super) fn scenario(&self) -> Result<Scenario, Failure> {
        let mut scenario = match self.text("link")? {
            Some(link) => of_link(link)?,
            None => Scenario::default(),
        };
        let flags = self.object("flags")?.into_iter().flatten();
        let given: Result<Vec<_>, _> = flags
            .filter_map(|(name, value)| flag(name, value).transpose())
            .collect();
        set_flags(&mut scenario, &given?)?;
        for (key, value) in self.object("edit")?.into_iter().flatten() {
            scenario.model.edits.insert(key.clone(), value.clone());
        }
        Ok(scenario)
    }
    /// The model asked for, or that of the link.
    pub(super) fn model(&self, scenario: &Scenario) -> Result<Arc<Found>, Failure> {
        if let Some(model) = self.0.get("model") {
            self.excludes("model", &["config"])?;
            return found(model);
        }
        match (self.0.get("config"), &scenario.model.source) {
            (Some(config), _) => of_config(config, "config.json").map(Arc::new),
            (None, ModelSource::Id(id)) if id.is_empty() => Err(ask_for_model()),
            (None, ModelSource::Id(id)) => by_name(id),
            (None, ModelSource::Config(config)) => of_config(config, "config.json").map(Arc::new),
        }
    }
    /// Several models: a list, or all that are built in.
    pub(super) fn models(&self) -> Result<Option<Vec<Value>>, Failure> {
        match self.0.get("models") {
            None => Ok(None),
            Some(Value::String(all)) if all == "all" => {
                let ids = catalogue::entries().iter().map(|entry| Value::from(entry.id.as_str()));
                Ok(Some(ids.collect()))
            }
            Some(Value::Array(models)) if !models.is_empty() => Ok(Some(models.clone())),
            Some(_) => Err(bad("models must be \"all\" or a list of models.")),
        }
    }
    fn object(&self, key: &str) -> Result<Option<&Map<String, Value>>, Failure> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(bad(format!("{key} must be an object."))),
        }
    }
}

/// The one question of a link.
fn of_link(link: &str) -> Result<Scenario, Failure> {
    let query = link.split_once('?').map_or(link, |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    if !query.contains('=') {
        return Err(Failure::new(
            "bad_link",
            "The link asks nothing: it has no key=value behind its \"?\".",
        ));
    }
    let mut asked = asked_in(query)?;
    match asked.len() {
        1 => Ok(asked.remove(0)),
        more => Err(Failure::new(
            "several_questions",
            format!("The link compares {more} questions; give one at a time."),
        )),
    }
}

/// A flag as text; none where it is not given.
fn flag(name: &str, value: &Value) -> Result<Option<(String, String)>, Failure> {
    let given = |text: String| Ok(Some((name.to_owned(), text)));
    let refused = |words: &str| Err(Failure::new("bad_value", format!("--{}: {words}", short(name))));
    if LLAMA_CPP_OWN.iter().any(|own| own.flag == name && !own.takes_number) {
        return match value {
            Value::Null | Value::Bool(false) => Ok(None),
            Value::Bool(true) => given(String::new()),
            _ => refused("it is a switch: true or false."),
        };
    }
    match value {
        Value::Null => Ok(None),
        // In JavaScript 1 and 1.0 are the same, but one is a percent and the other all of it.
        Value::Number(one) if one.as_f64() == Some(1.0) && is_share(name) => {
            refused("the number 1 may be 1 % or all: write \"1%\" or \"100%\".")
        }
        Value::String(auto) if name == "hardware" && auto.trim().eq_ignore_ascii_case("auto") => {
            refused("auto asks the tools of this computer, which the command line alone can.")
        }
        value => given(value_text(name, value)?),
    }
}

fn is_share(name: &str) -> bool {
    knob_of(name).is_some_and(|knob| knob.unit() == "%")
}

/// A text, a number, or a list of those by commas.
fn value_text(name: &str, value: &Value) -> Result<String, Failure> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(on) => Some(on.to_string()),
        _ => None,
    };
    let text = match value {
        Value::Array(all) if !all.is_empty() => {
            let all: Option<Vec<String>> = all.iter().map(one).collect();
            all.map(|all| all.join(","))
        }
        value => one(value),
    };
    text.ok_or_else(|| bad(format!("{} must be a text, a number or a list of those.", short(name))))
}

/// A model as it may be named: a built-in one, one that was loaded, a config.
pub(super) fn found(model: &Value) -> Result<Arc<Found>, Failure> {
    let Value::Object(object) = model else {
        return match model {
            Value::String(name) => by_name(name),
            _ => Err(bad("A model is a name, what fetchModel gave, or {config}.")),
        };
    };
    if let Some(handle) = object.get("handle").and_then(Value::as_u64) {
        let kept = u32::try_from(handle).ok().and_then(shelf::get);
        return kept.ok_or_else(|| Failure::new("model_gone", "The model is not kept any more: fetch it again."));
    }
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let config = object.get("config").unwrap_or(&Value::Null);
    let mut model = of_config(config, text("id").unwrap_or("config.json"))?;
    // A copy of what fetchModel gave, from a file or another thread.
    if let (Some("hub"), Some(id)) = (text("source"), text("id")) {
        model = Found::of_hub(model.config, id);
    }
    Ok(Arc::new(model))
}

/// What a model is called in messages.
pub(super) fn name_of(model: &Value) -> String {
    let name = model.as_str().or_else(|| model.get("id")?.as_str());
    name.map_or_else(|| "config.json".to_owned(), |name| shown(&short(name)).into_owned())
}

fn by_name(name: &str) -> Result<Arc<Found>, Failure> {
    let near = match built_in(name) {
        BuiltIn::Called(entry) | BuiltIn::Taken(entry) => return Ok(Arc::new(Found::of_entry(entry))),
        BuiltIn::Near(near) => near,
    };
    let near: Vec<&str> = near.iter().take(5).map(|entry| entry.id.as_str()).collect();
    let failure = Failure::new(
        "not_built_in",
        format!(
            "\"{}\" is not built in. `await fetchModel(id)` reads a model from the Hub; give what it returns.",
            short(name)
        ),
    );
    Err(match near.as_slice() {
        [] => failure,
        near => failure.and(&format!("Built in are: {}.", near.join(", "))),
    })
}

fn of_config(config: &Value, id: &str) -> Result<Found, Failure> {
    if !config.is_object() {
        return Err(bad("config must be the object of a config.json."));
    }
    if limits::CONFIG.is_passed_by(config.to_string().as_bytes()) {
        return Err(Failure::new("too_large", limits::CONFIG.refusal("config")));
    }
    Ok(Found::of_config(config.clone(), id))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
