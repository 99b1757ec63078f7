//! A mail server that keeps what it was given, and a desk that is killed, comes back and fetches what it did not keep.

use std::collections::BTreeSet;

use svar::engine::clock::Now;
use svar::engine::{Consignment, CustodyKey, Event, Intake, Outcome};
use svar::model::SourceNo;
use svar::store::{Arrival, StoreError, Tx};

use crate::play::{Result, World};

/// Everything that lies in the folders, and what the desk has said it has.
#[derive(Default)]
pub struct Server {
    letters: Vec<Arrival>,
    told: BTreeSet<(SourceNo, u32)>,
}

impl Server {
    pub fn put(&mut self, arrival: Arrival) {
        self.letters.push(arrival);
    }
}

/// More than any recovery takes.
const ROUNDS: usize = 20_000;

impl World {
    pub fn is_dead(&self) -> bool {
        self.storm.as_ref().is_some_and(|s| s.is_dead())
    }

    /// Something may strike between a server and the desk.
    pub fn gust(&self) {
        if let Some(storm) = &self.storm {
            storm.transport();
        }
    }

    /// What the new process does not know the fate of: no more than was under way, and each may come twice.
    pub fn note_unknown(&mut self, unknown: &[Consignment]) -> Result {
        let places = 8 * self.settings.mailboxes.len();
        let under_way = unknown.iter().filter(|mail| self.unheard.insert(mail.parcel)).count();
        if under_way > places {
            return Err(format!("{under_way} results are unknown, and {places} mails can be under way"));
        }
        for mail in unknown {
            for to in &mail.to {
                *self.vanished.entry((mail.message_id.clone(), to.clone())).or_default() += 1;
            }
        }
        Ok(())
    }

    /// A new process on what the old one has left, until it stands and all is quiet.
    pub fn come_back(&mut self) -> Result {
        let events = self.rise()?;
        self.weather(events)
    }

    fn rise(&mut self) -> Result<Vec<Event>> {
        for _ in 0..ROUNDS {
            self.drop_engine();
            if let Some(storm) = self.storm.as_ref().filter(|s| s.is_dead()) {
                storm.rise();
            }
            if let Some(storm) = &self.storm {
                storm.arm(true);
            }
            let started = self.start();
            if let Some(storm) = &self.storm {
                storm.arm(false);
            }
            match started {
                Ok(mut events) if !self.is_dead() => {
                    events.extend(self.letters_to_fetch()?);
                    return Ok(events);
                }
                Ok(_) => {}
                Err(_) if self.is_dead() => {}
                // As systemd does it.
                Err(why) if why.contains("a fault made for a test") => self.now = self.now.plus(1),
                Err(why) => return Err(why),
            }
        }
        Err("the desk never comes back".to_owned())
    }

    /// Looks for new mail, as a fetcher does.
    pub fn fetch(&mut self) -> Result {
        let events = self.letters_to_fetch()?;
        self.weather(events)
    }

    /// What lies above the cursor and is not in custody. Whatever the desk has said it has, it must have.
    fn letters_to_fetch(&mut self) -> Result<Vec<Event>> {
        let sources: BTreeSet<SourceNo> = self.server.letters.iter().map(|l| l.source).collect();
        let mut events = Vec::new();
        for source in sources {
            let (cursor, ranges) = self.look(|tx: &mut Tx<'_>| -> std::result::Result<_, StoreError> {
                Ok((tx.source_row(source)?.cursor, tx.uids_in_custody(source, 0)?))
            })?;
            let is_kept = |uid: u32| ranges.iter().any(|r| r.contains(&uid));
            if let Some((_, uid)) = self.server.told.iter().find(|(s, uid)| *s == source && !is_kept(*uid)) {
                return Err(format!("letter {uid} was said to be in custody, and is not"));
            }
            let there: Vec<&Arrival> = self.server.letters.iter().filter(|l| l.source == source).collect();
            if let Some(lost) = there.iter().find(|l| l.uid <= cursor && !is_kept(l.uid)) {
                return Err(format!("the cursor is at {cursor}, and letter {} is not in custody", lost.uid));
            }
            let wanted = there.iter().filter(|l| l.uid > cursor && !is_kept(l.uid));
            events.extend(wanted.map(|l| Event::Intake(Intake::Arrived((*l).clone()))));
            if let Some(last) = there.last() {
                events.push(Event::Intake(Intake::Cursor { source, uid: last.uid }));
            }
        }
        Ok(events)
    }

    /// [`World::handle`] in a storm: whoever dies comes back, whoever is in trouble waits until it is over.
    pub fn weather(&mut self, events: Vec<Event>) -> Result {
        let mut events = events;
        for _ in 0..ROUNDS {
            let now = Now::given(self.now);
            let storm = self.storm.clone().ok_or("there is no storm")?;
            storm.arm(true);
            let outcomes = self.engine()?.handle(now, std::mem::take(&mut events));
            // A footprint that is ahead of the database would stop the next start.
            let left = if storm.is_dead() { Ok(()) } else { self.engine()?.leave_footprint() };
            left.map_err(|e| e.to_string())?;
            for outcome in outcomes {
                if storm.is_dead() {
                    break;
                }
                events.extend(self.carry_out(outcome)?);
            }
            storm.arm(false);
            if storm.is_dead() {
                events = self.rise()?;
                continue;
            }
            let engine = self.engine()?;
            if events.is_empty() && !engine.is_busy() {
                if engine.is_through() {
                    return Ok(());
                }
                let wake = engine.next_wake();
                self.now = wake.filter(|t| *t > self.now).unwrap_or_else(|| self.now.plus(1));
            }
        }
        Err("the desk never comes to rest".to_owned())
    }

    fn carry_out(&mut self, outcome: Outcome) -> Result<Vec<Event>> {
        match outcome {
            Outcome::Read(jobs) => self.read(jobs),
            Outcome::Send(consignments) => {
                let mut events = Vec::new();
                for consignment in consignments {
                    if !self.is_dead() {
                        events.extend(self.smtp(&consignment));
                    }
                }
                Ok(events)
            }
            Outcome::InCustody { source, keys } => {
                let uids = keys.iter().filter_map(|k| if let CustodyKey::Uid(uid) = k { Some(*uid) } else { None });
                self.server.told.extend(uids.map(|uid| (source, uid)));
                Ok(Vec::new())
            }
            Outcome::Trouble(_) | Outcome::Recovered | Outcome::Halted(_) => Ok(Vec::new()),
            other => Err(format!("unexpected: {other:?}")),
        }
    }

    /// Turns this world nasty: from now on everything goes through the storm.
    pub fn unleash(&mut self) -> Result {
        self.drop_engine();
        self.storm = Some(crate::storm::Storm::over(&self.data_dir()));
        self.come_back()
    }
}
