//! What people do in a story: they write, reply, forward, tap, bounce; time goes by; the shell is used.

use svar::desk::act::{Act, act};
use svar::engine::Event;
use svar::engine::clock::Now;
use svar::model::{Priority, QuarantineNo, TicketNo, Time};
use svar::plan::{Change, Clues, Folder, Release};

use crate::clients::Client;
use crate::letters::{Quoting, Written, reply};
use crate::play::{Mail, Mood, Result, World, address, free};
use crate::story::Step;

pub fn ticket_no(word: &str) -> Result<TicketNo> {
    word.parse().map(TicketNo).map_err(|_| format!("{word:?} is no number"))
}

/// What the server of `example.test` writes above a mail whose From it has proved.
fn proof_of(from: &str) -> String {
    let domain = from.rsplit_once('@').map_or("", |p| p.1).trim_end_matches('>');
    format!("Authentication-Results: mx.example.test; dmarc=pass header.from={domain}")
}

/// Where a letter comes to lie.
fn folder_of(step: &Step) -> Folder {
    match (step.has("in-sent"), step.has("in-answers")) {
        (true, _) => Folder::Sent,
        (_, true) => Folder::Answers,
        _ => Folder::Inbox,
    }
}

impl World {
    pub fn step(&mut self, step: &Step) -> Result {
        let words: Vec<&str> = step.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["at", date, time] => {
                let text = format!("{date}T{time}:00[Europe/Stockholm]");
                let zoned: jiff::Zoned = text.parse().map_err(|e| format!("{e}"))?;
                self.pass(Time::from_unix(zoned.timestamp().as_second()))
            }
            ["after", span] => {
                let seconds = svar::sla::duration::parse_calendar(span).map_err(|e| format!("{e:?}"))?;
                self.pass(self.now.plus(seconds))
            }
            ["restart"] => self.restart(),
            ["down", "until", date, time] => {
                let text = format!("{date}T{time}:00[Europe/Stockholm]");
                let zoned: jiff::Zoned = text.parse().map_err(|e| format!("{e}"))?;
                self.down_until(Time::from_unix(zoned.timestamp().as_second()))
            }
            ["config"] => self.configure(&step.text),
            ["again", rest @ ..] => self.again(rest, step),
            ["smtp", "refuses", "null", "senders"] => {
                self.refuses_null_sender = true;
                Ok(())
            }
            ["smtp", to, mood] => {
                let to = address(to)?;
                match *mood {
                    "refuses" => self.moods.insert(to, Mood::Refuses),
                    "defers" => self.moods.insert(to, Mood::Defers),
                    "mumbles" => self.moods.insert(to, Mood::Mumbles),
                    "vanishes" => self.moods.insert(to, Mood::Vanishes),
                    "accepts" => self.moods.remove(&to),
                    other => return Err(format!("smtp does not {other}")),
                };
                Ok(())
            }
            ["mailbox", name, "closes"] => {
                let now = self.now;
                self.engine()?.mailbox_is_closed(name, now).map_err(|e| e.to_string())
            }
            ["mailbox", name, "opens"] => {
                let now = self.now;
                self.engine()?.mailbox_is_open(name, now).map_err(|e| e.to_string())
            }
            ["outlet", name, "closes"] => {
                self.shut.insert((*name).to_owned());
                self.restart()
            }
            ["outlet", name, "opens"] => {
                self.shut.remove(*name);
                self.handle(free(name).into())
            }
            ["practise", who, ..] => self.practise(who, step.after("in").unwrap_or("support")),
            ["looks", "back", mailbox] => {
                let now = self.now;
                self.engine()?.looked_back(mailbox, now).map_err(|e| e.to_string())?;
                self.handle(vec![Event::Poked])
            }
            ["file", name] => self.write_file(name, &step.text),
            ["file", name, "gone"] => self.write_file(name, ""),
            ["unreadable", word] => {
                self.unreadable = Some((*word).to_owned());
                Ok(())
            }
            ["shell", verb, number, rest @ ..] => self.shell(verb, number, rest, step),
            ["expect", rest @ ..] => self.expect(rest, step),
            ["forget", "mail"] => {
                self.mails.iter_mut().for_each(|m| m.seen = true);
                Ok(())
            }
            ["customers", first, last, "write", subject, ..] => {
                let number = |w: &str| w.parse::<u32>().map_err(|e| e.to_string());
                for n in number(first)?..=number(last)? {
                    let text = format!("Hej, jag är nummer {n}.\n");
                    let step = Step { text, ..step.clone() };
                    self.writes(&format!("k{n}@kund.test"), &format!("{subject} {n}"), &step)?;
                    self.pass(self.now.plus(1))?;
                }
                Ok(())
            }
            [who, "writes", subject, ..] => self.writes(who, subject, step),
            [who, "replies", ..] => self.replies(who, step),
            [who, "forwards", ..] => self.forwards(who, step),
            [who, "taps", command, ..] => self.taps(who, command, step),
            [who, "bounces", ..] => self.bounces(who, step),
            _ => Err("no such step".to_owned()),
        }
    }

    /// The last letter (`id`: with this Message-ID) comes in a second time, by another way (`differently`: with other trace headers).
    fn again(&mut self, words: &[&str], step: &Step) -> Result {
        let bears = |raw: &&Vec<u8>| {
            step.after("id").is_none_or(|id| String::from_utf8_lossy(raw).contains(&format!("<{id}>")))
        };
        let raw = self.written.iter().rev().find(bears).cloned().ok_or("no such letter was written yet")?;
        let raw = if words.contains(&"differently") {
            [b"Received: from mx2.example.test by mx.example.test with LMTP id 7\r\n".as_slice(), &raw].concat()
        } else {
            raw
        };
        self.arrive(&raw, step.after("into").unwrap_or("support"), Folder::Inbox, step.has("old"))
    }

    fn shell(&mut self, verb: &str, number: &str, rest: &[&str], step: &Step) -> Result {
        let now = Now::given(self.now);
        if verb == "erase" {
            let (address, at) = (address(number)?, self.now);
            self.engine()?.erase(&address, "shell:test", at).map_err(|e| e.to_string())?;
            return self.handle(vec![Event::Poked]);
        }
        let nothing = Clues::default();
        if let "release" | "drop" = verb {
            let quarantine = QuarantineNo(ticket_no(number)?.0);
            let release = if rest == ["recorded"] { Release::Recorded } else { Release::Customer };
            let done = self.engine()?.change::<String>(now, &nothing, |_, _, at| {
                Ok(vec![match verb {
                    "release" => Change::ReleaseQuarantine { quarantine, release, on_behalf: None, at },
                    _ => Change::DropQuarantine { quarantine, at },
                }])
            });
            done.map_err(|e| e.to_string())??;
            return self.handle(vec![Event::Poked]);
        }
        let number = ticket_no(number)?;
        let first = || rest.first().copied().ok_or_else(|| "what?".to_owned());
        let doing = match verb {
            "close" => Act::Close,
            "done" => Act::Done,
            "reopen" => Act::Open,
            "spam" => Act::Spam,
            "note" => Act::Note { text: step.text.clone(), to: None },
            "tag" => Act::Tag(vec![first()?.to_owned()]),
            "hold" => {
                let seconds = svar::sla::duration::parse_calendar(first()?).map_err(|e| format!("{e:?}"))?;
                Act::Hold(self.now.plus(seconds))
            }
            "priority" => Act::Priority(Priority::parse(first()?).ok_or("no priority")?),
            "merge" => Act::Merge(ticket_no(first()?)?),
            "assign" => Act::Assign(address(first()?)?),
            other => return Err(format!("the shell does not {other}")),
        };
        let other = if let Act::Merge(n) = doing { Some(n) } else { None };
        let clues = Clues { numbers: [number].into_iter().chain(other).collect(), ..nothing };
        let done = self
            .engine()?
            .change(now, &clues, |found, rules, now| act(&[number], &doing, "shell:test", found, rules, now));
        let refused = done.map_err(|e| e.to_string())?.map_err(|e| e.to_string());
        match (refused, step.after("refused")) {
            (Err(why), Some(wanted)) if why.contains(wanted) => Ok(()),
            (Ok(_), None) => self.handle(vec![Event::Poked]),
            (outcome, _) => Err(format!("the shell says {:?}", outcome.map(|_| "done"))),
        }
    }

    /// What every mail of a person may have besides its text.
    fn dress(&self, written: &mut Written, step: &Step) -> Result {
        if step.has("proved") {
            written.headers.push(proof_of(&written.from));
        }
        if step.has("twice-from") {
            written.headers.push("From: mallory@evil.test".to_owned());
        }
        written.headers.extend(step.all("header").into_iter().map(str::to_owned));
        written.cc.extend(step.all("cc").into_iter().map(str::to_owned));
        for who in step.all("to-reply-address-of") {
            let mail = self.newest(who, step.after("whose").unwrap_or(""))?;
            written.to.push(mail.letter.reply_to.first().ok_or("it has no Reply-To")?.address.to_string());
        }
        if step.has("with-svar-id-of-a-twin") {
            let id = svar::desk::sign::Key::new(&[7; 32]).svar_id(1, svar::model::ParcelNo(999));
            written.headers.push(format!("X-Svar-Id: {id}"));
        }
        if let Some(who) = step.after("with-svar-id-of") {
            let id = self.newest(who, "")?.letter.svar_id.ok_or("it has no X-Svar-Id")?;
            written.headers.push(format!("X-Svar-Id: {id}"));
        }
        for name in step.all("attaches") {
            let media_type = if name.ends_with(".png") { "image/png" } else { "application/octet-stream" };
            let size = if name.starts_with("big") { 11_000_000 } else { 100 };
            written.attachments.push((
                name.to_owned(),
                media_type.to_owned(),
                name.bytes().cycle().take(size).collect(),
            ));
        }
        Ok(())
    }

    fn writes(&mut self, who: &str, subject: &str, step: &Step) -> Result {
        let from = if who.contains('@') || who.contains('<') { who.to_owned() } else { address(who)?.to_string() };
        let own_id = step.after("id").map(str::to_owned);
        let id = if step.has("without-id") { None } else { Some(own_id.unwrap_or_else(|| self.new_id(&from))) };
        let to: Vec<String> = step.all("to").into_iter().map(str::to_owned).collect();
        let anybody = !to.is_empty() || step.has("to-reply-address-of");
        let mut written = Written {
            from: if step.has("without-from") { String::new() } else { from },
            to: if anybody { to } else { vec!["support@example.test".to_owned()] },
            subject: subject.to_owned(),
            message_id: id,
            in_reply_to: step.after("answers").map(str::to_owned),
            references: step.all("references").into_iter().map(str::to_owned).collect(),
            text: if step.has("html-alone") { String::new() } else { step.text.clone() },
            html: (step.has("html") || step.has("html-alone")).then(|| step.text.clone()),
            ..Written::default()
        };
        self.dress(&mut written, step)?;
        let folder = folder_of(step);
        let raw = written.bytes(self.now);
        let lay_s = match step.after("lay") {
            Some(span) => svar::sla::duration::parse_calendar(span).map_err(|e| format!("{e:?}"))?,
            None => 0,
        };
        if step.has("past") {
            return self.lay_there(&raw, step.after("into").unwrap_or("support"), folder, lay_s);
        }
        self.arrive_late(&raw, step.after("into").unwrap_or("support"), folder, step.has("old"), lay_s)
    }

    /// The newest mail of a person whose subject or text holds `words`.
    fn newest(&self, who: &str, words: &str) -> Result<Mail> {
        let owner = address(who)?;
        let fits = |m: &&Mail| m.to == owner && (m.letter.subject.contains(words) || m.letter.text.contains(words));
        self.mails.iter().rev().find(fits).cloned().ok_or_else(|| {
            let all: Vec<&str> =
                self.mails.iter().filter(|m| m.to == owner).map(|m| m.letter.subject.as_str()).collect();
            format!("{owner} has no mail about {words:?}; there is {all:?}")
        })
    }

    fn mail_of(&self, who: &str, step: &Step) -> Result<Mail> {
        if step.has("first") {
            let owner = address(step.after("mailbox-of").unwrap_or(who))?;
            return self.mails.iter().find(|m| m.to == owner).cloned().ok_or_else(|| format!("{owner} has no mail"));
        }
        self.newest(step.after("mailbox-of").unwrap_or(who), step.after("about").unwrap_or(""))
    }

    fn replies(&mut self, who: &str, step: &Step) -> Result {
        let mail = self.mail_of(who, step)?;
        let from = address(step.after("from").unwrap_or(who))?.to_string();
        let quoting = match step.after("quoting") {
            Some("html") => Quoting::Html,
            Some("none") => Quoting::None,
            Some("between") => Quoting::Between,
            Some("outlook") => Quoting::Outlook,
            Some(other) => return Err(format!("nobody quotes {other}")),
            None => Quoting::Below,
        };
        let id = self.new_id(&from);
        let address_of_it = mail.letter.reply_to.first().map(|p| p.address.to_string()).unwrap_or_default();
        let text = step.text.replace("{reply-to}", &address_of_it);
        let mut written = reply(&mail.letter, &from, &text, quoting, id);
        if let Some(client) = step.after("composing") {
            let client = Client::parse(client).ok_or_else(|| format!("nobody composes with {client}"))?;
            let (plain, html) = client.compose(&mail.letter, &from, &text);
            (written.text, written.html) = match step.after("as") {
                Some("text") => (plain, None),
                Some("html") => (String::new(), Some(html)),
                _ => (plain, Some(html)),
            };
        }
        if let Some(to) = step.after("to") {
            written.to = vec![to.to_owned()];
        }
        if let Some(subject) = step.after("subject") {
            written.subject = subject.to_owned();
        }
        if step.has("afresh") {
            written.in_reply_to = None;
            written.references.clear();
        }
        self.dress(&mut written, step)?;
        if step.has("forwards-the-notification") {
            written.attachments.push(("mail.eml".to_owned(), "message/rfc822".to_owned(), mail.raw.clone()));
        }
        let folder = folder_of(step);
        let raw = written.bytes(self.now);
        self.arrive(&raw, step.after("into").unwrap_or("support"), folder, false)
    }

    /// Sends a letter of somebody's on to the mailbox, as an attachment.
    fn forwards(&mut self, who: &str, step: &Step) -> Result {
        let from = address(who)?.to_string();
        let id = self.new_id(&from);
        let original = Written {
            from: step.after("mail-from").ok_or("from whom?")?.to_owned(),
            to: vec![from.clone()],
            subject: step.after("subject").unwrap_or("Fråga").to_owned(),
            message_id: Some(self.new_id("kund.test")),
            text: step.text.clone(),
            ..Written::default()
        };
        let mut written = Written {
            from,
            to: vec!["support@example.test".to_owned()],
            subject: format!("VB: {}", original.subject),
            message_id: Some(id),
            text: step.after("saying").unwrap_or("").to_owned(),
            attachments: vec![("mail.eml".to_owned(), "message/rfc822".to_owned(), original.bytes(self.now))],
            ..Written::default()
        };
        self.dress(&mut written, step)?;
        let raw = written.bytes(self.now);
        self.arrive(&raw, "support", Folder::Inbox, false)
    }

    /// Taps a one-tap link of the newest notification.
    fn taps(&mut self, who: &str, command: &str, step: &Step) -> Result {
        let mail = self.mail_of(who, step)?;
        let text = String::from_utf8_lossy(&mail.raw).replace("=\r\n", "");
        let wanted = match step.after("of") {
            _ if command.starts_with("release") => format!("+r{}.", &command["release".len()..]),
            Some(number) => format!("+k{number}-{command}."),
            None => format!("-{command}."),
        };
        let link = text
            .split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ':' | '?' | '(' | ')'))
            .map(|w| w.replace("%2B", "+").replace("%40", "@").replace("=2B", "+"))
            .find(|w| w.contains(&wanted) && w.contains('@'))
            .ok_or_else(|| format!("the mail offers no {command}"))?;
        let from = address(step.after("from").unwrap_or(who))?.to_string();
        let id = self.new_id(&from);
        let mut written = Written {
            from,
            to: vec![link],
            subject: command.to_owned(),
            message_id: Some(id),
            text: step.text.clone(),
            ..Written::default()
        };
        self.dress(&mut written, step)?;
        let raw = written.bytes(self.now);
        self.arrive(&raw, "support", Folder::Inbox, false)
    }

    /// The newest mail to a person comes back (RFC 3464).
    fn bounces(&mut self, who: &str, step: &Step) -> Result {
        let mail = self.mail_of(who, step)?;
        let back_to = match (&mail.sender, step.after("to")) {
            (_, Some(to)) => to.to_owned(),
            (Some(sender), None) => sender.to_string(),
            (None, None) => return Err("it went with an empty sender: nothing comes back".to_owned()),
        };
        let action = ["delayed", "relayed", "delivered"].into_iter().find(|a| step.has(a)).unwrap_or("failed");
        let head_end = mail.raw.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(mail.raw.len());
        let head = String::from_utf8_lossy(&mail.raw[..head_end]).into_owned();
        let head = if step.has("unknown") {
            "From: somebody@example.test\r\nMessage-ID: <never-ours@example.test>".to_owned()
        } else {
            head
        };
        let id = self.new_id("mx.kund.test");
        let raw = format!(
            "Return-Path: <>\r\nDelivered-To: {back_to}\r\nFrom: MAILER-DAEMON@mx.kund.test (Mail Delivery System)\r\nTo: {back_to}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
             Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nMessage-ID: <{id}>\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=rep-7\r\n\r\n--rep-7\r\nContent-Type: text/plain\r\n\r\n\
             The mail could not be delivered.\r\n\r\n--rep-7\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.kund.test\r\n\r\n\
             Final-Recipient: rfc822; {}\r\nAction: {action}\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n\
             --rep-7\r\nContent-Type: text/rfc822-headers\r\n\r\n{head}\r\n\r\n--rep-7--\r\n",
            mail.to
        );
        self.arrive(raw.as_bytes(), step.after("into").unwrap_or("support"), Folder::Inbox, false)
    }
}
