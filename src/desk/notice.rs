//! What people are told later: kept as notices, and judged anew when their time has come.

use serde::{Deserialize, Serialize};

use crate::config::settings::{Agent, Mailbox, Mode, Notify};
use crate::desk::case::{Case, Rules, Staff};
use crate::desk::say::gathered::{GatheredFacts, GatheredLine, gathered};
use crate::desk::say::notification::{Reason, Remark, TapWord};
use crate::desk::tell::{Duty, InsidePost, News};
use crate::model::{Address, NoticeKind, ParcelKind, State, TicketNo, Time, Wait};
use crate::plan::{Change, Findings, IncidentTally, Notice, Said, TicketFacts, What};

/// What a notice must remember to be told as it was meant.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Matter {
    reason: Reason,
    remarks: Vec<Remark>,
    /// Whose the ticket was.
    assignee: Option<String>,
    /// Of an alarm: about the whole matter, not the answer.
    #[serde(default)]
    resolution: bool,
}

/// A notice that has waited for somebody's hours: told now, to somebody else, or to nobody any more.
#[must_use]
pub fn notice_due(notice: &Notice, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    case.pass_on(notice);
    case.changes
}

/// One person's list is due; `more` notices did not fit and come with the next.
#[must_use]
pub fn list_due(notices: &[Notice], more: i64, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    case.list(notices, more);
    case.changes
}

impl<'a> Case<'a> {
    /// Tells an agent of a customer's message later.
    pub fn defer(&mut self, person: &Address, facts: &TicketFacts, news: &News, due_at: Time, gathered: bool) {
        let matter = Matter {
            reason: news.reason.clone(),
            remarks: news.remarks.clone(),
            assignee: facts.assignee.as_ref().map(Address::to_string),
            resolution: false,
        };
        let notice = Notice {
            person: person.clone(),
            kind: NoticeKind::Message,
            ticket: facts.number,
            message: news.message,
            due_at: Some(due_at),
            gathered,
            created_at: self.now,
            matter: serde_json::to_string(&matter).unwrap_or_default(),
            attachments: news.attachments.clone(),
        };
        self.change(Change::Defer(Box::new(notice)));
    }

    /// Puts an alarm into a list.
    pub fn defer_alarm(
        &mut self,
        person: &Address,
        kind: NoticeKind,
        facts: &TicketFacts,
        news: &News,
        wait: Wait,
        due_at: Time,
    ) {
        let matter = Matter {
            reason: news.reason.clone(),
            remarks: Vec::new(),
            assignee: facts.assignee.as_ref().map(Address::to_string),
            resolution: wait == Wait::Resolution,
        };
        self.change(Change::Defer(Box::new(Notice {
            person: person.clone(),
            kind,
            ticket: facts.number,
            message: news.message,
            due_at: Some(due_at),
            gathered: true,
            created_at: self.now,
            matter: serde_json::to_string(&matter).unwrap_or_default(),
            attachments: Vec::new(),
        })));
    }

    /// Nobody need be told anything of this ticket any more.
    pub fn forget_notices(&mut self, ticket: TicketNo) {
        let deferred = |c: &Change| matches!(c, Change::Defer(n) if n.ticket == ticket);
        if self.found.notices.iter().any(|n| n.ticket == ticket) || self.changes.iter().any(deferred) {
            self.change(Change::ForgetNotices { ticket });
        }
    }

    fn forget(&mut self, notice: &Notice) {
        self.change(Change::ForgetNotice {
            person: notice.person.clone(),
            kind: notice.kind,
            ticket: notice.ticket,
            message: notice.message,
        });
    }

    /// What the notice was about, and the ticket on which it stands now; `None` where there is nothing to tell any more: the
    /// customer has her answer, or somebody else has taken the matter and has read it.
    fn still_news(&self, notice: &Notice) -> Option<(TicketFacts, News)> {
        let facts = self.survivor(notice.ticket)?;
        let said: &Said = self.found.said.get(&notice.message)?;
        let matter: Matter = serde_json::from_str(&notice.matter).ok()?;
        let over = matches!(facts.state, State::Closed | State::Spam | State::Merged);
        let reminder = matter.resolution || matches!(matter.reason, Reason::HoldOver | Reason::Assigned { .. });
        let answered = facts.last_answer.as_ref().is_some_and(|a| a.message > notice.message);
        let taken = facts
            .assignee
            .as_ref()
            .is_some_and(|a| *a != notice.person && matter.assignee.as_deref() != Some(a.as_str()));
        let each_for_himself =
            notice.kind == NoticeKind::Breach || self.mailbox(&facts.mailbox).is_some_and(|m| m.notify == Notify::All);
        if over || (!reminder && (answered || facts.waiting_since.is_none())) || (taken && !each_for_himself) {
            return None;
        }
        let mut remarks = matter.remarks;
        if facts.number != notice.ticket {
            remarks.push(Remark::MergedFrom(notice.ticket));
        }
        let news = News {
            message: notice.message,
            reason: matter.reason,
            remarks,
            author: said.from.clone(),
            text: if said.new_text.trim().is_empty() { said.text.clone() } else { said.new_text.clone() },
            attachments: notice.attachments.clone(),
            received_at: said.at,
            prefer: None,
            not_to: Vec::new(),
        };
        Some((facts.clone(), news))
    }

    /// The agent to whom a notice goes, if he works in this mailbox still.
    fn agent_for(&self, notice: &Notice, mailbox: &Mailbox) -> Option<&'a Agent> {
        let agent = self.rules.settings.agent_of(&notice.person)?;
        (agent.address() == &notice.person && agent.mailboxes.contains(&mailbox.name)).then_some(agent)
    }

    /// Tells what a notice says, to whom it falls now.
    fn pass_on(&mut self, notice: &Notice) {
        let before = self.changes.len();
        if let Some((facts, mut news)) = self.still_news(notice)
            && let Some(mailbox) = self.mailbox(&facts.mailbox).filter(|m| m.mode == Mode::Desk)
        {
            let agent = self.agent_for(notice, mailbox);
            let duty = agent.and_then(|a| self.duty(a, mailbox));
            match (agent, duty) {
                (Some(agent), Some(Duty::Now)) if !self.is_unreachable(agent.address()) => {
                    self.notification(mailbox, agent, Duty::Now, &facts, &news, &[]);
                }
                (Some(agent), Some(duty)) if mailbox.notify == Notify::All => {
                    self.notification(mailbox, agent, duty, &facts, &news, &[]);
                }
                _ if mailbox.notify == Notify::Turn => {
                    news.remarks.retain(|r| !matches!(r, Remark::StandsInFor { .. }));
                    self.notify(facts.number, &news);
                }
                _ => {}
            }
        }
        // Its attachments are let go after whatever carries them has been written.
        let again = |c: &Change| matches!(c, Change::Defer(n) if n.is(notice));
        if !self.changes.iter().skip(before).any(again) {
            self.forget(notice);
        }
    }

    /// What this agent was to be told of the ticket, or was shown as a line, he gets now.
    pub fn show_unseen(&mut self, ticket: TicketNo, person: &Address) {
        let found = self.found;
        let of_him = |n: &&Notice| n.ticket == ticket && n.person == *person && n.kind == NoticeKind::Message;
        for notice in found.notices.iter().filter(of_him) {
            let Some((facts, news)) = self.still_news(notice) else { continue };
            let Some(mailbox) = self.mailbox(&facts.mailbox) else { continue };
            let agents = &self.rules.settings.agents;
            let Some(agent) = agents.iter().find(|a| a.address() == person) else { continue };
            self.show(mailbox, agent, &facts, &news);
            self.forget(notice);
        }
    }

    fn list(&mut self, notices: &[Notice], more: i64) {
        let Some(person) = notices.first().map(|n| n.person.clone()) else { return };
        let mut lines: Vec<GatheredLine> = Vec::new();
        let mut from: Option<&Mailbox> = None;
        let mut listed: Vec<&Notice> = Vec::new();
        for notice in notices {
            let Some((facts, _)) = self.still_news(notice) else {
                self.forget(notice);
                continue;
            };
            let Some(mailbox) = self.mailbox(&facts.mailbox) else {
                self.forget(notice);
                continue;
            };
            if mailbox.mode == Mode::Watch && notice.kind != NoticeKind::Breach {
                self.forget(notice);
                continue;
            }
            let duty = self.agent_for(notice, mailbox).map(|a| self.duty(a, mailbox));
            match (notice.kind, duty) {
                (NoticeKind::Breach, _) | (_, Some(Some(Duty::Now))) => {}
                (NoticeKind::Message, _) => {
                    self.pass_on(notice);
                    continue;
                }
                // Others have been warned, or will be.
                (NoticeKind::Warning, Some(Some(Duty::From(at)))) => {
                    self.change(Change::Defer(Box::new(Notice { due_at: Some(at), ..notice.clone() })));
                    continue;
                }
                (NoticeKind::Warning, _) => {
                    self.forget(notice);
                    continue;
                }
            }
            from = from.or(Some(mailbox));
            listed.push(notice);
            match lines.iter_mut().find(|l| l.number == facts.number && l.kind == notice.kind) {
                Some(line) => line.mails += 1,
                None => lines.push(self.line_of(notice, mailbox, &facts)),
            }
        }
        let (Some(mailbox), Some(staff)) = (from, self.rules.staff(&person)) else { return };
        self.send_list(mailbox, &staff, lines, more);
        for notice in listed {
            self.event(
                notice.ticket,
                "svar",
                What::Notified,
                format!("message {} to {} in a list", notice.message, staff.actor()),
            );
            let seen = Notice { due_at: None, gathered: false, ..notice.clone() };
            self.change(Change::Defer(Box::new(seen)));
        }
    }

    fn line_of(&self, notice: &Notice, mailbox: &Mailbox, facts: &TicketFacts) -> GatheredLine {
        let commands = [
            (TapWord::Take, "take"),
            (TapWord::Done, "done"),
            (TapWord::HoldTomorrow, "hold"),
            (TapWord::Spam, "spam"),
        ];
        let for_agent = notice.kind != NoticeKind::Breach;
        let commands = commands.into_iter().filter(|_| for_agent).map(|(what, word)| (what, word.to_owned()));
        GatheredLine {
            kind: notice.kind,
            number: facts.number,
            subject: facts.subject.clone(),
            customer: facts.customer_party.clone(),
            due_at: facts.due_at,
            mails: 1,
            taps: self.one_taps(mailbox, &notice.person, facts, commands.collect()),
        }
    }

    fn send_list(&mut self, mailbox: &Mailbox, staff: &Staff<'_>, lines: Vec<GatheredLine>, more: i64) {
        let for_agent = lines.iter().any(|l| l.kind != NoticeKind::Breach);
        let of_his = |t: &&IncidentTally| t.incident.mailboxes.iter().any(|m| staff.mailboxes.contains(m));
        let kept = |t: &IncidentTally| (t.incident.name.clone(), t.quiet);
        let incidents = self.found.tallies.iter().filter(of_his).map(kept).filter(|(_, n)| *n > 0).collect();
        let page = gathered(&self.inside_voice(), &GatheredFacts { lines, more, incidents });
        let kind = if for_agent { ParcelKind::Notify } else { ParcelKind::Report };
        let post = InsidePost { kind, ..InsidePost::report(mailbox, self.now) };
        self.inside(mailbox, staff, page, post);
    }
}
