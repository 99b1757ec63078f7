//! `#ask`: a question to a third party, and his reply, which becomes a note and never reaches the customer.

use crate::desk::act::Refusal;
use crate::desk::answer::Draft;
use crate::desk::case::{Case, Post, Staff};
use crate::desk::customer::message_of;
use crate::desk::intake::Incoming;
use crate::desk::say::colleague::{ColleagueFacts, NoteFrom, note};
use crate::desk::say::third::{question_failed, question_subject};
use crate::desk::sign::Token;
use crate::desk::tell::{InsidePost, Reply};
use crate::desk::thread::takes_part;
use crate::model::{Address, Direction, Kind, MessageNo, ParcelKind, Party, TicketNo, Time};
use crate::plan::{AttachmentRow, Change, Fate, KnownParcel, NewMessage, TicketFacts, What};

impl Case<'_> {
    /// Sends a question. It is a note on the ticket, and stops no clock; the third party sees its text and the ticket's number.
    pub fn send_question(
        &mut self,
        ticket: TicketNo,
        by: &Staff<'_>,
        draft: &Draft,
        to: &Address,
    ) -> Result<MessageNo, Refusal> {
        let facts = self.survivor(ticket).cloned().ok_or(Refusal::NoTicket)?;
        let mailbox = self.mailbox(&facts.mailbox).ok_or(Refusal::NoTicket)?;
        let look = self.look(mailbox, &facts, Some(by), draft);
        let no = self.next.take_message();
        let party = Party::new("", to.clone());
        let reply_to = mailbox.plus_addressing.then(|| {
            let token = Token::Third { ticket: facts.number };
            let detail = self.rules.key.detail(self.found.epoch, &token, to, self.grounds(&facts));
            Party::new(&self.rules.settings.desk.name, mailbox.address.with_detail(&detail))
        });
        let subject = question_subject(&self.inside_voice(), facts.number);
        let before = self.changes.len();
        let parcel = self.post(
            mailbox,
            Post {
                kind: ParcelKind::Ask,
                ticket: Some(facts.number),
                message: Some(no),
                agent: Some(by.address().clone()),
                ask: None,
                from: look.from.clone(),
                to: vec![party.clone()],
                cc: Vec::new(),
                reply_to,
                subject: subject.clone(),
                text: look.text,
                html: look.html,
                in_reply_to: None,
                references: Vec::new(),
                auto: None,
                attachments: draft.attachments.clone(),
                not_before: self.now,
            },
        );
        let parcel = parcel.ok_or(Refusal::NoAddress)?;
        let message_id = self.rules.key.message_id(self.found.epoch, parcel, mailbox.address.domain());
        let message = Change::AddMessage(Box::new(NewMessage {
            to: vec![party],
            subject,
            message_id: Some(message_id),
            sameness: draft.sameness.clone(),
            letter: draft.letter,
            attachments: draft.attachments.clone(),
            ..self.note_of(no, &facts, &draft.text, Some(by))
        }));
        // The message stands before the mail that carries it.
        self.changes.insert(before, message);
        self.fingerprint(no, &draft.text);
        self.event(facts.number, &by.actor(), What::ThirdParty, format!("message {no}"));
        Ok(no)
    }

    /// The question did not arrive, or came back: its writer is told.
    pub fn question_failed(&mut self, parcel: &KnownParcel, facts: &TicketFacts, words: &str, text: &str) {
        let Some(mailbox) = self.mailbox(&parcel.mailbox) else { return };
        let writer = parcel.agent.as_ref().or(facts.assignee.as_ref()).and_then(|a| self.rules.staff(a));
        let Some(staff) = writer else { return };
        let who: Vec<String> = parcel.recipients.iter().map(|(a, _)| a.to_string()).collect();
        let about = (facts.number, facts.subject.as_str());
        let page = question_failed(&self.inside_voice(), about, &who.join(", "), words, text);
        self.tell(mailbox, &staff, page, Some(facts.number), None);
    }
}

impl Incoming<'_> {
    /// A mail that answers a question of ours, by our Message-ID or by the address that was signed for its writer.
    pub fn of_third_party(&mut self) -> bool {
        let Some((ticket, parcel)) = self.answered_question() else { return false };
        let Some(facts) = self.case.survivor(ticket).cloned() else { return false };
        let no = self.case.next.take_message();
        let at = self.env.received_at;
        let message = message_of(self.letter, no, facts.number, self.letter.kind, false, at);
        let text = if message.new_text.trim().is_empty() { message.text.clone() } else { message.new_text.clone() };
        self.case.change(Change::AddMessage(Box::new(NewMessage {
            direction: Direction::Note,
            letter: Some(self.env.letter),
            attachments: self.attachment_rows(),
            ..message
        })));
        self.case.fingerprint(no, &text);
        self.case.event(facts.number, "third-party", What::Noted, format!("message {no}"));
        // A robot's receipt is kept and tells nobody.
        if self.letter.kind == Kind::Person {
            let asker = parcel.and_then(|p| p.agent);
            self.tell_reply(&facts, no, &text, asker.as_ref(), at);
        }
        self.settle(Fate::Message(no));
        true
    }

    fn answered_question(&self) -> Option<(TicketNo, Option<KnownParcel>)> {
        let key = self.case.rules.key;
        let from = self.letter.from.as_ref().map(|p| &p.address)?;
        let outsider = |t: TicketNo| self.case.survivor(t).is_some_and(|f| !takes_part(f, from));
        let named = |p: &&KnownParcel| {
            p.kind == ParcelKind::Ask
                && key.verify_message_id(&p.message_id).is_some()
                && (self.letter.in_reply_to.contains(&p.message_id) || self.letter.references.contains(&p.message_id))
        };
        let by_id = self.case.found.parcels.iter().filter(named).max_by_key(|p| p.no);
        if let Some((ticket, parcel)) = by_id.and_then(|p| Some((p.ticket?, p)))
            && outsider(ticket)
        {
            return Some((ticket, Some(parcel.clone())));
        }
        self.signed.iter().find_map(|signed| {
            let Token::Third { ticket } = signed.token else { return None };
            let facts = self.case.tickets.get(&ticket)?;
            let good = key.admits(self.case.found.epoch, signed, from, self.case.grounds(facts));
            (good && outsider(ticket)).then_some((ticket, None))
        })
    }

    /// The asker hears of it, and the assignee, and if there is neither everybody of the mailbox whose turn it may be.
    fn tell_reply(&mut self, facts: &TicketFacts, no: MessageNo, text: &str, asker: Option<&Address>, at: Time) {
        let settings = self.case.rules.settings;
        let Some(mailbox) = self.case.mailbox(&facts.mailbox) else { return };
        let mut readers: Vec<Address> = asker.into_iter().chain(&facts.assignee).cloned().collect();
        if readers.is_empty() {
            let of_mailbox = settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name));
            readers.extend(facts.turn_agent.clone().into_iter().chain(of_mailbox.map(|a| a.address().clone())).take(1));
        }
        readers.sort_unstable();
        readers.dedup();
        let by = self
            .letter
            .from
            .as_ref()
            .map(|p| if p.name.is_empty() { p.address.to_string() } else { format!("{} <{}>", p.name, p.address) });
        let told = ColleagueFacts { number: facts.number, subject: facts.subject.clone(), by, at };
        let limit = i64::try_from(settings.limits.attachments_up_to_bytes).unwrap_or(i64::MAX);
        let rows = self.attachment_rows();
        let fits = rows.iter().map(|a| a.size).sum::<i64>() <= limit;
        let attachments: Vec<AttachmentRow> =
            rows.into_iter().filter(|_| fits).map(|a| AttachmentRow { inline: false, content_id: None, ..a }).collect();
        for reader in readers {
            let Some(staff) = self.case.rules.staff(&reader) else { continue };
            let page = note(&self.case.inside_voice(), &told, NoteFrom::ThirdParty, text);
            let reply = Reply::To(Token::Note { ticket: facts.number }, self.case.grounds(facts));
            let not_before = self.case.now;
            self.case.inside(
                mailbox,
                &staff,
                page,
                InsidePost {
                    kind: ParcelKind::Report,
                    name: mailbox.display_name.clone(),
                    ticket: Some(facts.number),
                    message: Some(no),
                    ask: None,
                    reply,
                    attachments: attachments.clone(),
                    not_before,
                },
            );
        }
    }
}
