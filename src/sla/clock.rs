//! Clocks: the measured waits of a ticket, as a pure fold over what happened to it.
//!
//! Nothing is counted up anywhere: the same steps, calendar and targets give the same clocks at any time, so that a
//! corrected calendar or an answer that is found late puts every figure right.

use serde::Serialize;

use crate::model::Time;
use crate::sla::calendar::OpenTime;

/// Something that happened to a ticket, as far as clocks care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// A message's `received_at`, the time at which SMTP accepted an answer, or a change's own time.
    pub at: Time,
    pub what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A customer's message that wants something: no robot's, no bounce, no mere thanks.
    CustomerMessage,
    /// A person's mail to the customer, or `#called`.
    Answer,
    /// The same, standing where it was written and bearing the time at which SMTP accepted it: it answers nothing that stands
    /// behind it, though that may have come before it was accepted.
    WrittenAnswer,
    /// An agent wrote first, so that the ticket has no `first_response`.
    AgentOpened,
    Closed,
    /// Closed because it needs no answer or was answered elsewhere (`#done`): what waits is cancelled for good.
    Done,
    /// Out of `closed` or `spam`.
    Reopened,
    Pending,
    Open,
    Held,
    /// Marked as spam, or merged into another ticket.
    Cancelled,
    /// Another ticket was merged into this one; its customer has waited for an answer since then.
    Joined(Time),
}

/// What a clock measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    FirstResponse,
    NextResponse,
    Resolution,
}

impl ClockKind {
    pub const ALL: &'static [Self] = &[Self::FirstResponse, Self::NextResponse, Self::Resolution];

    /// The word that configuration, database and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstResponse => "first_response",
            Self::NextResponse => "next_response",
            Self::Resolution => "resolution",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.as_str() == word)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    Running,
    /// `resolution` while the ticket is pending or held.
    Paused,
    /// Stopped within the target, the target included.
    Met,
    /// Past the target; without `stopped_at` the customer waits still.
    Breached,
    /// Closed unanswered, spam, or merged away.
    Cancelled,
}

/// What is promised, in seconds of open time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    pub first_response_s: i64,
    pub next_response_s: i64,
    pub resolution_s: i64,
    /// Name and upper limit (inclusive), ascending; above the last is `miss`. For responses only.
    pub bands: Vec<(String, i64)>,
}

impl Targets {
    #[must_use]
    pub const fn of(&self, kind: ClockKind) -> i64 {
        match kind {
            ClockKind::FirstResponse => self.first_response_s,
            ClockKind::NextResponse => self.next_response_s,
            ClockKind::Resolution => self.resolution_s,
        }
    }

    /// The band of a response that took `elapsed_s`. `None` if there are no bands.
    #[must_use]
    pub fn band(&self, elapsed_s: i64) -> Option<&str> {
        let hit = self.bands.iter().find(|(_, up_to_s)| elapsed_s <= *up_to_s);
        hit.map(|(name, _)| name.as_str()).or((!self.bands.is_empty()).then_some(MISS))
    }
}

/// The band above all limits.
pub const MISS: &str = "miss";

/// One measured wait, as `show` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clock {
    pub kind: ClockKind,
    pub started_at: Time,
    /// The first instant at which the target is used up; `None` while paused, or if the shop never opens for so long.
    pub due_at: Option<Time>,
    /// When it was answered, or closed for `resolution`. A cancelled clock has none.
    pub stopped_at: Option<Time>,
    /// Open time; for a running clock up to now.
    pub elapsed_s: i64,
    /// All time in which it ran, open or not.
    pub wall_s: i64,
    pub band: Option<String>,
    pub state: ClockState,
}

impl Clock {
    /// Somebody waits: neither stopped nor cancelled.
    #[must_use]
    pub const fn is_unanswered(&self) -> bool {
        self.stopped_at.is_none() && !matches!(self.state, ClockState::Cancelled)
    }

    /// When a running clock will show `open_s`; `now` if it does already. `None` if it has ended or is paused.
    /// The clock must have been made with the same `now`.
    ///
    /// The warning is due at `reaches(ceil(warn_at × target))`, the breach mail at `reaches(target + 1)`.
    #[must_use]
    pub fn reaches(&self, open_s: i64, calendar: &impl OpenTime, now: Time) -> Option<Time> {
        if !self.is_unanswered() || self.state == ClockState::Paused {
            return None;
        }
        // A mail server's time may be a little ahead of ours.
        calendar.add(now.max(self.started_at), open_s - self.elapsed_s)
    }
}

/// The response clock that runs, if a customer waits for an answer: its start is the ticket's `waiting_since`.
#[must_use]
pub fn waiting(clocks: &[Clock]) -> Option<&Clock> {
    clocks.iter().find(|c| c.kind != ClockKind::Resolution && c.is_unanswered())
}

/// The clocks of a ticket: responses by their start, then `resolution`.
///
/// Steps may come in any order and are taken by time; those of one second keep their order.
#[must_use]
pub fn fold(steps: &[Step], calendar: &impl OpenTime, targets: &Targets, now: Time) -> Vec<Clock> {
    Course::of(steps).clocks(calendar, targets, now)
}

/// Where a ticket stood, as far as figures care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Open,
    Pending,
    Held,
    Closed,
    /// Spam, or merged into another one.
    Gone,
}

/// [`fold`], and when the ticket came to stand how. It begins `Open`.
#[must_use]
pub fn life(
    steps: &[Step],
    calendar: &impl OpenTime,
    targets: &Targets,
    now: Time,
) -> (Vec<Clock>, Vec<(Time, Standing)>) {
    let course = Course::of(steps);
    let standings = course.turns.iter().map(|(at, status)| (*at, status.standing())).collect();
    (course.clocks(calendar, targets, now), standings)
}

/// The response clock that runs after `steps`, and since when: what [`fold`] and [`waiting`] say, without any calendar.
#[must_use]
pub fn waits(steps: &[Step]) -> Option<(ClockKind, Time)> {
    let last = Course::of(steps).responses.pop()?;
    (last.end == End::Running).then_some((last.kind, last.started_at))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Status {
    #[default]
    Open,
    Paused {
        held: bool,
    },
    Closed {
        at: Time,
    },
    /// Spam or merged.
    Gone,
}

impl Status {
    const fn standing(self) -> Standing {
        match self {
            Self::Open => Standing::Open,
            Self::Paused { held: false } => Standing::Pending,
            Self::Paused { held: true } => Standing::Held,
            Self::Closed { .. } => Standing::Closed,
            Self::Gone => Standing::Gone,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Response {
    kind: ClockKind,
    started_at: Time,
    /// Where the message stands that began it.
    place: usize,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Running,
    Answered(Time),
    Cancelled { at: Time, by: Cancel },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancel {
    /// `#close`: the answer that goes with it may be accepted a little later, and then it was one.
    Close,
    Final,
    /// For good: an answer has been given since, so that nobody waits even if it is opened again.
    Over,
}

/// What the steps so far have come to.
#[derive(Debug, Default)]
struct Course {
    status: Status,
    /// Somebody of us has written to the customer.
    answered: bool,
    responses: Vec<Response>,
    resolution_from: Option<Time>,
    /// When `resolution` ran; the last span may be open.
    spans: Vec<(Time, Option<Time>)>,
    /// The first message that came while the ticket was spam.
    unseen: Option<Time>,
    /// Messages since the running response began, itself included, and where they stand.
    unanswered: Vec<(usize, Time)>,
    /// Every change of `status`.
    turns: Vec<(Time, Status)>,
}

impl Course {
    fn of(steps: &[Step]) -> Self {
        let mut steps: Vec<(usize, Step)> = steps.iter().copied().enumerate().collect();
        steps.sort_by_key(|(_, step)| step.at);
        let mut course = Self::default();
        for (n, (place, step)) in steps.iter().enumerate() {
            // A reopening in the second of a customer's message is that message's doing: it is a wait of its own.
            let at_once = steps[n..].iter().take_while(|(_, s)| s.at == step.at);
            let by_message = at_once.into_iter().any(|(_, s)| matches!(s.what, What::CustomerMessage));
            course.step(*place, *step, by_message);
        }
        course
    }

    fn step(&mut self, place: usize, Step { at, what }: Step, by_message: bool) {
        match what {
            // Nobody owes an answer to spam, unless it turns out to be none.
            What::CustomerMessage if self.status == Status::Gone => {
                self.unseen.get_or_insert(at);
            }
            What::CustomerMessage => self.wait(place, at, at),
            What::Joined(since) => {
                if let Some(Response { started_at, end: End::Running, .. }) = self.responses.last_mut() {
                    *started_at = since.min(*started_at);
                    self.unanswered.push((place, since));
                } else {
                    self.wait(place, since, at);
                }
            }
            What::Answer => self.answer(at, usize::MAX),
            What::WrittenAnswer => self.answer(at, place),
            What::AgentOpened => {
                self.answered = true;
                self.change(at, Status::Paused { held: false });
            }
            What::Closed => self.close(at, Cancel::Close),
            What::Done => self.close(at, Cancel::Final),
            What::Pending => self.resume(place, at, Status::Paused { held: false }, by_message),
            What::Held => self.resume(place, at, Status::Paused { held: true }, by_message),
            What::Cancelled => {
                self.cancel(at, Cancel::Final);
                // What has been closed before stays measured.
                if !matches!(self.status, Status::Closed { .. }) {
                    self.change(at, Status::Gone);
                }
            }
            What::Open | What::Reopened => self.resume(place, at, Status::Open, by_message),
        }
    }

    /// A customer waits since then, as became known at `at`.
    fn wait(&mut self, place: usize, since: Time, at: Time) {
        if !self.is_running() {
            self.unanswered.clear();
            let first = self.responses.is_empty() && !self.answered;
            let kind = if first { ClockKind::FirstResponse } else { ClockKind::NextResponse };
            self.responses.push(Response { kind, started_at: since, place, end: End::Running });
        }
        self.unanswered.push((place, since));
        let begins = self.resolution_from.is_none();
        self.resolution_from.get_or_insert(since);
        match self.status {
            _ if begins => {
                self.spans.push((since, None));
                let status = if self.status == (Status::Paused { held: true }) { self.status } else { Status::Open };
                self.change(at, status);
            }
            // He that wrote is owed an answer, from the time he wrote; parked remains parked.
            Status::Paused { held: false } | Status::Closed { .. } => self.change(at, Status::Open),
            _ => {}
        }
    }

    /// An answer to everything that stands before `place`.
    fn answer(&mut self, at: Time, place: usize) {
        self.answered = true;
        if self.resolution_from.is_none() && self.status == Status::Open {
            // We wrote first: the customer's turn.
            self.change(at, Status::Paused { held: false });
        }
        // A wait that began after this was written is still on.
        let Some(n) = self.responses.iter().rposition(|r| r.place < place) else { return };
        let is_last = n + 1 == self.responses.len();
        let response = &mut self.responses[n];
        let was_running = response.end == End::Running;
        match &mut response.end {
            End::Running | End::Cancelled { by: Cancel::Close, .. } => {}
            End::Cancelled { by, .. } => {
                *by = Cancel::Over;
                return;
            }
            End::Answered(_) => return,
        }
        response.end = End::Answered(at);
        if !(was_running && is_last) {
            return;
        }
        // What came while it was on its way is still unanswered.
        self.unanswered.retain(|(theirs, _)| *theirs > place);
        if let Some(&(place, started_at)) = self.unanswered.iter().min_by_key(|(_, at)| *at) {
            self.responses.push(Response { kind: ClockKind::NextResponse, started_at, place, end: End::Running });
        }
    }

    fn close(&mut self, at: Time, by: Cancel) {
        self.cancel(at, by);
        // What is closed already was closed then.
        if !matches!(self.status, Status::Closed { .. }) {
            self.change(at, Status::Closed { at });
        }
    }

    fn cancel(&mut self, at: Time, by: Cancel) {
        if let Some(last) = self.responses.last_mut().filter(|r| r.end == End::Running) {
            last.end = End::Cancelled { at, by };
        }
    }

    /// Goes on, perhaps after it was over.
    fn resume(&mut self, place: usize, at: Time, status: Status, by_message: bool) {
        let was_over = matches!(self.status, Status::Closed { .. } | Status::Gone);
        self.change(at, status);
        if was_over && !by_message {
            // Taken back: whoever was waiting has waited all along.
            if let Some(last) = self
                .responses
                .last_mut()
                .filter(|r| matches!(r.end, End::Cancelled { by: Cancel::Close | Cancel::Final, .. }))
            {
                last.end = End::Running;
            }
        }
        if let Some(since) = self.unseen.take() {
            self.wait(place, since, at);
        }
    }

    fn change(&mut self, at: Time, status: Status) {
        if self.status.standing() != status.standing() {
            self.turns.push((at, status));
        }
        self.status = status;
        let open_span = self.spans.last_mut().filter(|(_, to)| to.is_none());
        match (status, open_span) {
            (Status::Open, None) if self.resolution_from.is_some() => self.spans.push((at, None)),
            (Status::Open, _) | (_, None) => {}
            (_, Some(span)) => span.1 = Some(at.max(span.0)),
        }
    }

    fn is_running(&self) -> bool {
        self.responses.last().is_some_and(|r| r.end == End::Running)
    }

    fn clocks(&self, calendar: &impl OpenTime, targets: &Targets, now: Time) -> Vec<Clock> {
        let response = |r: &Response| {
            let target_s = targets.of(r.kind);
            let (until, stopped_at) = match r.end {
                End::Running => (now, None),
                End::Answered(at) => (at, Some(at)),
                End::Cancelled { at, .. } => (at, None),
            };
            let elapsed_s = calendar.between(r.started_at, until);
            let band = match r.end {
                End::Answered(_) => targets.band(elapsed_s),
                // Its best band is not known before the last has passed.
                End::Running => targets.band(elapsed_s).filter(|band| *band == MISS),
                End::Cancelled { .. } => None,
            };
            Clock {
                kind: r.kind,
                started_at: r.started_at,
                due_at: calendar.add(r.started_at, target_s),
                stopped_at,
                elapsed_s,
                wall_s: until.since(r.started_at).max(0),
                band: band.map(str::to_owned),
                state: match r.end {
                    End::Cancelled { .. } => ClockState::Cancelled,
                    _ if elapsed_s > target_s => ClockState::Breached,
                    End::Answered(_) => ClockState::Met,
                    End::Running => ClockState::Running,
                },
            }
        };
        self.responses.iter().map(response).chain(self.resolution(calendar, targets.resolution_s, now)).collect()
    }

    fn resolution(&self, calendar: &impl OpenTime, target_s: i64, now: Time) -> Option<Clock> {
        let started_at = self.resolution_from?;
        let (mut elapsed_s, mut wall_s, mut due_at) = (0, 0, None);
        let mut used_up = false;
        for &(from, to) in &self.spans {
            let to = to.unwrap_or(now);
            if !used_up {
                due_at = calendar.add(from, target_s - elapsed_s);
                used_up = due_at.is_some_and(|due| due <= to);
            }
            elapsed_s += calendar.between(from, to);
            wall_s += to.since(from).max(0);
        }
        let (stopped_at, state) = match self.status {
            Status::Gone => (None, ClockState::Cancelled),
            Status::Closed { at } if elapsed_s <= target_s => (Some(at), ClockState::Met),
            Status::Closed { at } => (Some(at), ClockState::Breached),
            _ if elapsed_s > target_s => (None, ClockState::Breached),
            Status::Open => (None, ClockState::Running),
            Status::Paused { .. } => (None, ClockState::Paused),
        };
        if matches!(self.status, Status::Paused { .. }) {
            due_at = None;
        }
        let kind = ClockKind::Resolution;
        Some(Clock { kind, started_at, due_at, stopped_at, elapsed_s, wall_s, band: None, state })
    }
}

#[cfg(test)]
mod tests;
