//! A talk with the Hub that opens no connection: it says what it wants, is told what came, and ends in a result.
//!
//! What is said is written as one course of events (an `async fn`), but there is no runtime and no waker: an [`Exchange`]
//! goes on when [`Exchange::step`] is called, and stands still where an answer is missing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::request::{Answer, Failed, Get};

/// Names a want, so that its answer finds back.
pub type Ticket = u64;

/// Something only the outside world can give.
#[derive(Clone, Debug)]
pub enum Want {
    /// An address is to be asked.
    Get(Box<Get>),
    /// Time is to pass.
    Wait {
        /// How much.
        seconds: u64,
    },
}

/// What became of a want.
#[derive(Debug)]
pub enum Reply {
    /// Of [`Want::Get`].
    Got(Result<Answer, Failed>),
    /// Of [`Want::Wait`]: whether it was waited. Without time left, nothing is asked again.
    Waited(bool),
}

/// What an exchange came to for now.
#[derive(Debug)]
pub enum Step<T> {
    /// New wants; none if those before must be answered first. Several may be served at once, in any order.
    Wants(Vec<(Ticket, Want)>),
    /// The end.
    Done(T),
}

/// What is being done, for people who wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// One file is read.
    #[default]
    Reading,
    /// The server had a fault; it will be asked again.
    Again {
        /// Its status.
        status: u16,
        /// Which try this is.
        retry: usize,
        /// Of how many.
        of: usize,
    },
    /// There is no config; the listing is asked what there is.
    Explaining,
    /// Headers of weight files.
    Headers {
        /// Files read.
        done: u64,
        /// Of how many.
        of: u64,
    },
}

impl Doing {
    /// In words; `what` is the model.
    pub fn words(self, what: &str) -> String {
        match self {
            Self::Reading | Self::Headers { .. } => what.to_owned(),
            Self::Again { status, retry, of } => {
                format!("{what}: the Hub has a fault (status {status}), trying again ({retry} of {of})")
            }
            Self::Explaining => format!("{what}: no config.json, looking at its files"),
        }
    }
}

/// A course of events under way.
pub struct Exchange<T> {
    desk: Rc<RefCell<Desk>>,
    course: Option<Pin<Box<dyn Future<Output = T>>>>,
}

impl<T> fmt::Debug for Exchange<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

/// What lies between the course and the world.
#[derive(Debug, Default)]
struct Desk {
    tickets: Ticket,
    wants: Vec<(Ticket, Want)>,
    replies: HashMap<Ticket, Reply>,
    doing: Doing,
}

impl<T> Exchange<T> {
    /// A course that asks through the line it is given.
    pub(super) fn new<F: Future<Output = T> + 'static>(course: impl FnOnce(Line) -> F) -> Self {
        let desk = Rc::<RefCell<Desk>>::default();
        let line = Line { desk: desk.clone() };
        Self {
            desk,
            course: Some(Box::pin(course(line))),
        }
    }
    /// Goes on as far as the answers reach.
    pub fn step(&mut self) -> Step<T> {
        let mut context = Context::from_waker(Waker::noop());
        if let Some(course) = &mut self.course
            && let Poll::Ready(end) = course.as_mut().poll(&mut context)
        {
            self.course = None;
            return Step::Done(end);
        }
        Step::Wants(std::mem::take(&mut self.desk.borrow_mut().wants))
    }
    /// The same exchange with another end.
    pub fn map<U>(self, end: impl FnOnce(T) -> U + 'static) -> Exchange<U>
    where
        T: 'static,
    {
        Exchange {
            desk: self.desk,
            course: self
                .course
                .map(|course| Box::pin(async move { end(course.await) }) as Pin<Box<dyn Future<Output = U>>>),
        }
    }
    /// Answers a want.
    pub fn reply(&mut self, ticket: Ticket, reply: Reply) {
        self.desk.borrow_mut().replies.insert(ticket, reply);
    }
    /// What is being done.
    pub fn doing(&self) -> Doing {
        self.desk.borrow().doing
    }
}

/// The course's end of an exchange.
#[derive(Clone, Debug)]
pub(super) struct Line {
    desk: Rc<RefCell<Desk>>,
}

impl Line {
    pub(super) async fn get(&self, get: Get) -> Result<Answer, Failed> {
        match self.ask(Want::Get(Box::new(get))).await {
            Reply::Got(answer) => answer,
            Reply::Waited(_) => Err(Failed::Cancelled),
        }
    }
    /// Whether it was waited.
    pub(super) async fn wait(&self, seconds: u64) -> bool {
        matches!(self.ask(Want::Wait { seconds }).await, Reply::Waited(true))
    }
    pub(super) fn doing(&self) -> Doing {
        self.desk.borrow().doing
    }
    pub(super) fn tell(&self, doing: Doing) {
        self.desk.borrow_mut().doing = doing;
    }
    fn ask(&self, want: Want) -> impl Future<Output = Reply> + use<> {
        let desk = self.desk.clone();
        let ticket = {
            let mut desk = desk.borrow_mut();
            desk.tickets = desk.tickets.wrapping_add(1);
            let ticket = desk.tickets;
            desk.wants.push((ticket, want));
            ticket
        };
        std::future::poll_fn(move |_| match desk.borrow_mut().replies.remove(&ticket) {
            Some(reply) => Poll::Ready(reply),
            None => Poll::Pending,
        })
    }
}

/// Runs jobs, some at once; their results in their order. The first failure ends it: half a model is no answer.
pub(super) async fn some_at_once<T, E, F>(most: usize, jobs: impl Iterator<Item = F>) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut jobs = jobs.enumerate();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut done: Vec<(usize, T)> = Vec::new();
    std::future::poll_fn(|context| {
        loop {
            let free = most.saturating_sub(running.len());
            running.extend(jobs.by_ref().take(free).map(|(at, job)| (at, Box::pin(job))));
            let mut ended = false;
            let mut failed = None;
            running.retain_mut(|(at, job)| match job.as_mut().poll(context) {
                Poll::Pending => true,
                Poll::Ready(result) => {
                    ended = true;
                    match result {
                        Ok(value) => done.push((*at, value)),
                        Err(error) => failed = Some(error),
                    }
                    false
                }
            });
            if let Some(error) = failed {
                return Poll::Ready(Err(error));
            }
            if !ended {
                break;
            }
        }
        if running.is_empty() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    })
    .await?;
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, value)| value).collect())
}
