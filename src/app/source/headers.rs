//! Headers of a model's files on the Hub, several at once.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Promise};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use weighbridge::export::ModelFacts;
use weighbridge::hub::{Endpoint, HubError, Locator, TreeEntry};
use weighbridge::limits;
use weighbridge::model::Blueprint;
use weighbridge::model::headers::select::{Selection, select};
use weighbridge::model::headers::{FileKind, Header, Limits, gguf, gguf_config, index};
use weighbridge::scenario::ModelSource;
use weighbridge::units::counted;

use super::super::case::{Case, Loading, Problem};
use super::super::loaded::Loaded;
use super::checkpoint::{Checkpoint, Outline, Piece, header, kind_of, wrong};
use super::fetch::Request;
use super::header_cache;
use super::{Asked, FROM_GGUF, RUN, begin, fail, remember, take};

/// Requests at once.
const AT_ONCE: usize = 6;

/// Whose headers are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    locator: Locator,
    config: Option<Arc<Value>>,
    /// The model in hand that is checked; none where there is no model to check.
    model: Option<ModelSource>,
}

/// Reads the headers of the model in hand and compares.
pub fn check(case: Case) {
    let endpoint = case.page.settings.endpoint.get_untracked();
    let target = case.model.with_untracked(|model| target_of(model.as_ref()?, &endpoint));
    if let Some(target) = target {
        read(case, target);
    }
}

/// The files of a model on the Hub.
fn target_of(model: &Loaded, endpoint: &Endpoint) -> Option<Target> {
    let ModelSource::Id(id) = &model.asked else { return None };
    let locator = Locator::parse_at(id, endpoint).ok()?;
    // The very files that the config belongs to, whatever was committed since.
    let commit = model.commit.as_deref().or(locator.revision());
    Some(Target {
        locator: Locator::new(locator.id().clone(), commit, locator.path()).ok()?,
        config: Some(model.config.clone()),
        model: Some(model.asked.clone()),
    })
}

/// Reads the headers of the model that was asked for last and not understood.
pub fn read_headers(case: Case) {
    let id = RUN.with_borrow(|run| match &run.last {
        Some(Asked::Person(text) | Asked::Link(ModelSource::Id(text))) => Some(text.clone()),
        _ => None,
    });
    let config = case.problem.with_untracked(|problem| match problem {
        Some(Problem::Unread { config, .. }) => Some(config.clone()),
        _ => None,
    });
    let endpoint = case.page.settings.endpoint.get_untracked();
    if let Some(locator) = id.and_then(|id| Locator::parse_at(&id, &endpoint).ok()) {
        let model = None;
        read(case, Target { locator, config, model });
    }
}

/// Reads the headers of one of several models in a repository.
pub fn choose(case: Case, path: &str) {
    let target = RUN.with_borrow(|run| match &run.last {
        Some(Asked::Headers(target)) => Some(target.clone()),
        _ => None,
    });
    let Some(mut target) = target else { return };
    match Locator::new(target.locator.id().clone(), target.locator.revision(), Some(path)) {
        Ok(locator) => {
            target.locator = locator;
            read(case, target);
        }
        Err(error) => fail(case, Problem::Address(error.to_string())),
    }
}

/// Puts the headers that were read before to the model in hand, without a network.
pub fn follow(case: Case) {
    let wanted = Memo::new(move |_| {
        let endpoint = case.page.settings.endpoint.get();
        case.model.with(|model| {
            let model = model.as_ref().filter(|model| model.headers.is_none())?;
            Some((target_of(model, &endpoint)?, endpoint))
        })
    });
    Effect::new(move |_| {
        let Some((target, endpoint)) = wanted.get() else { return };
        spawn_local(async move {
            let config = target.config.as_deref();
            if let Some(found) = header_cache::find(&endpoint, &target.locator, config).await {
                put(case, &target, found);
            }
        });
    });
}

/// What was read before of a repository that cannot be reached; whether there is something.
pub async fn without_network(case: Case, endpoint: &Endpoint, locator: &Locator, number: u64) -> bool {
    let Some(found) = header_cache::find(endpoint, locator, None).await else {
        return false;
    };
    if RUN.with_borrow(|run| run.number == number) {
        begin(None);
        case.loading.set(None);
        without_model(case, &locator.to_string(), locator.id().name(), found);
    }
    true
}

/// Reads the headers of a target.
pub fn read(case: Case, target: Target) {
    let settings = case.page.settings;
    let request = match Request::new(settings.endpoint.get_untracked(), settings.token_to_send()) {
        Ok(request) => request,
        Err(words) => return fail(case, Problem::Browser(words)),
    };
    remember(Asked::Headers(target.clone()));
    let number = begin(Some(request.clone()));
    let current = move || RUN.with_borrow(|run| run.number == number);
    case.problem.set(None);
    case.outline.set(None);
    let what = target.locator.to_string();
    let tell: Tell = Rc::new(move |read| {
        if current() {
            let what = what.clone();
            case.loading.set(Some(Loading {
                what,
                headers: true,
                read,
            }));
        }
    });
    tell(None);
    spawn_local(async move {
        let mut read = of_hub(&request, &target, &tell).await;
        request.disarm();
        // A commit's files never change, and a branch's are better old than not at all.
        if let Err(Problem::Hub(error)) = &read
            && matches!(**error, HubError::Unreachable { .. } | HubError::TimedOut { .. })
            && let Some(found) = header_cache::find(request.endpoint(), &target.locator, target.config.as_deref()).await
        {
            read = Ok(Read::Found(Box::new(found)));
        }
        if !current() {
            return;
        }
        match read {
            Ok(Read::Found(found)) => show(case, &target, *found),
            Ok(Read::Choose(outline)) => {
                begin(None);
                case.loading.set(None);
                case.outline.set(Some(outline));
            }
            Err(Problem::Hub(error)) if *error == HubError::Cancelled => case.loading.set(None),
            Err(problem) => fail(case, problem),
        }
    });
}

/// What reading came to.
enum Read {
    Found(Box<Checkpoint>),
    /// Several models, of which one is to be chosen.
    Choose(Outline),
}

fn show(case: Case, target: &Target, found: Checkpoint) {
    begin(None);
    case.loading.set(None);
    if target.model.is_some() {
        put(case, target, found);
    } else {
        without_model(case, &target.locator.to_string(), target.locator.id().name(), found);
    }
}

/// Gives headers to the model they were read for, if it is still in hand.
fn put(case: Case, target: &Target, found: Checkpoint) {
    let wants = |model: &Loaded| {
        model.headers.is_none()
            && Some(&model.asked) == target.model.as_ref()
            && Some(&model.config) == target.config.as_ref()
    };
    if case.model.with_untracked(|model| model.as_ref().is_some_and(wants)) {
        case.model.update(|model| {
            if let Some(model) = model {
                model.headers = Some(Arc::new(found));
            }
        });
    }
}

/// A GGUF holds its own config; anything else is told by its tensors.
pub fn without_model(case: Case, id: &str, name: &str, found: Checkpoint) {
    let mut why = None;
    if found.list.kind == FileKind::Gguf {
        let config = gguf_config::config(&found.list);
        match config.and_then(|config| Blueprint::from_value(config.clone()).map(|_| config)) {
            Ok(config) => {
                let loaded = Loaded {
                    facts: ModelFacts {
                        id: id.to_owned(),
                        source: FROM_GGUF.to_owned(),
                    },
                    name: name.to_owned(),
                    config: Arc::new(config.clone()),
                    commit: None,
                    asked: ModelSource::Config(Box::new(config)),
                    headers: Some(Arc::new(found)),
                };
                return take(case, loaded, true);
            }
            Err(error) => why = Some(error.to_string()),
        }
    }
    let mut outline = found.outline(name);
    outline.notices.extend(why);
    case.outline.set(Some(outline));
}

/// Which files, then the header of each.
async fn of_hub(request: &Request, target: &Target, tell: &Tell) -> Result<Read, Problem> {
    let locator = &target.locator;
    let files = request.files(locator).await?;
    let named = locator.path().filter(|path| kind_of(path) == Some(FileKind::Gguf));
    let selection = match named {
        Some(path) => Selection::Gguf(gguf::split_names(path).map_err(|error| wrong(path, &error))?),
        None => {
            select(files.iter().map(|file| file.path.as_str())).map_err(|error| wrong(locator.id().name(), &error))?
        }
    };
    let (names, index) = match selection {
        Selection::Index(name) => {
            let text = request.whole(locator, &name, limits::INDEX).await?;
            let index = index::read(&text).map_err(|error| wrong(&name, &error))?;
            (index.shards.clone(), Some(index))
        }
        Selection::Safetensors(names) | Selection::Gguf(names) => (names, None),
        Selection::Several(names) => return Ok(Read::Choose(choice(locator, &names, &files))),
        Selection::Nothing => {
            return Err(Problem::Browser(format!(
                "{} holds no safetensors or GGUF weights. There are no headers to read.",
                locator.id()
            )));
        }
    };
    let sizes: HashMap<&str, u64> = files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    let size_of = |name: &str| sizes.get(name).copied();
    let jobs = names.into_iter().map(|name| (size_of(&name), name)).collect();
    let (headers, pieces): (Vec<_>, Vec<_>) = all(request, locator, jobs, tell).await?.into_iter().unzip();
    let found = Checkpoint::new(headers, index.as_ref(), target.config.as_deref())
        .map_err(|error| wrong(locator.id().name(), &error))?;
    // What a token opened is for nobody else who uses this browser.
    if !request.has_token() {
        header_cache::keep(request.endpoint(), locator, &pieces, index.as_ref()).await;
    }
    Ok(Read::Found(Box::new(found)))
}

/// The models of a repository, smallest first, each with the bytes of all its files.
fn choice(locator: &Locator, names: &[String], files: &[TreeEntry]) -> Outline {
    let sizes = gguf::sizes(files.iter().map(|file| (file.path.as_str(), file.size)));
    let whole = |name: &String| sizes.get(&gguf::model_of(name)).copied().unwrap_or(0);
    let mut choices: Vec<(String, u64)> = names.iter().map(|name| (name.clone(), whole(name))).collect();
    choices.sort_by(|one, other| one.1.cmp(&other.1).then_with(|| one.0.cmp(&other.0)));
    Outline {
        title: format!("{} holds {}", locator.id(), counted(names.len() as u64, "GGUF model")),
        lines: vec!["Choose one. Only its header is read.".to_owned()],
        parts: Vec::new(),
        notices: Vec::new(),
        choices,
    }
}

/// How far it is, if that is known: headers read, and of how many.
type Tell = Rc<dyn Fn(Option<(u64, Option<u64>)>)>;

/// What the tasks share.
#[derive(Default)]
struct Desk {
    next: Cell<usize>,
    done: RefCell<Vec<(usize, (Header, Piece))>>,
    failed: RefCell<Option<Problem>>,
}

/// The headers of these files, in their order.
async fn all(
    request: &Request,
    locator: &Locator,
    jobs: Vec<(Option<u64>, String)>,
    tell: &Tell,
) -> Result<Vec<(Header, Piece)>, Problem> {
    let total = jobs.len() as u64;
    tell(Some((0, Some(total))));
    let (desk, jobs) = (Rc::<Desk>::default(), Rc::new(jobs));
    let tasks = Array::new();
    for _ in 0..AT_ONCE.min(jobs.len()) {
        let (desk, jobs, tell) = (desk.clone(), jobs.clone(), tell.clone());
        let (request, locator) = (request.clone(), locator.clone());
        tasks.push(&future_to_promise(async move {
            loop {
                let at = desk.next.replace(desk.next.get() + 1);
                // The first failure ends it: half a model is no answer.
                let Some((listed, name)) = jobs.get(at).filter(|_| desk.failed.borrow().is_none()) else {
                    return Ok(JsValue::UNDEFINED);
                };
                match one(&request, &locator, name, *listed).await {
                    Ok(header) => {
                        desk.done.borrow_mut().push((at, header));
                        tell(Some((desk.done.borrow().len() as u64, Some(total))));
                    }
                    Err(problem) => {
                        let first = desk.failed.take().unwrap_or(problem);
                        desk.failed.replace(Some(first));
                        request.stop();
                    }
                }
            }
        }));
    }
    let _ = JsFuture::from(Promise::all(&tasks)).await;
    if let Some(problem) = desk.failed.take() {
        return Err(problem);
    }
    let mut headers = desk.done.take();
    headers.sort_by_key(|(at, _)| *at);
    Ok(headers.into_iter().map(|(_, header)| header).collect())
}

async fn one(
    request: &Request,
    locator: &Locator,
    name: &str,
    listed: Option<u64>,
) -> Result<(Header, Piece), Problem> {
    let kind = kind_of(name).unwrap_or(FileKind::Safetensors);
    let part = |from, upto| request.part(locator, name, from, upto);
    let (header, mut piece) = header(name, kind, |told| Limits::remote(kind, told.or(listed)), part).await?;
    piece.size = piece.size.or(listed);
    Ok((header, piece))
}
