//! Attackers who know everything but the key: thousands of forged mails put together from all addresses, ids and headers that ever left the desk.
//!
//! Whatever they try, no agent acts, nothing of one customer's reaches another, nobody is added, and what they write is sent to nobody outside.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use svar::model::{Direction, TicketNo, Time};
use svar::plan::Folder;

use crate::chance::Chance;
use crate::play::{Mail, Result, World};
use crate::story::read_story;

/// The desk under attack, and a day of honest mail on it that leaves every kind of address and id lying about.
const DAY: &str = r#"
config
  | trusted_authserv_id = "mx.example.test"
  | notify = "all"
  | [[manager]]
  | name = "Chefen"
  | address = "chef@example.test"
  | [limits]
  | auto_per_address_per_day = 1000
eva@kund.test writes "Byte" id eva1@kund.test proved
  | Kan jag byta? Evahemlighet.
per@kund.test writes "Retur" id per1@kund.test proved
  | Hur gör jag? Perhemlighet.
anna replies about "Evahemlighet" proved
  | Javisst. Evasvar.
bjorn replies about "Evahemlighet" proved
  | Nej, det går inte alls. Bjornhemlighet.
anna replies about "Perhemlighet" proved
  | #note bjorn
  |
  | Noterahemlighet om den här kunden.
eva@kund.test replies proved
  | Tack, men hur? Evahemlighet igen.
anna writes "Fråga" to support+desk@example.test proved
  | #help
anna writes "Nytt" to support@example.test proved
  | Vad är det här för något?
"#;

const FROMS: &[&str] = &[
    "anna@example.test",
    "Anna Andersson <anna@example.test>",
    "bjorn@example.test",
    "chef@example.test",
    "eva@kund.test",
    "per@kund.test",
    "support@example.test",
    "mallory@evil.test",
    "\"anna@example.test\" <mallory@evil.test>",
    "mallory@evil.test, anna@example.test",
    "Anna: anna@example.test;",
    "anna@ex\u{430}mple.test",
    "=?utf-8?q?anna=40example=2Etest_=3Canna=40example=2Etest=3E?= <mallory@evil.test>",
    "anna@example.test\r\nFrom: mallory@evil.test",
    "mallory@evil.test\r\nFrom: anna@example.test",
];

/// What the trusted server says on top; `F` is the domain of From. None of it is a proof.
const VERDICTS: &[&str] = &[
    "Authentication-Results: mx.example.test; dmarc=fail header.from=F\r\nReceived: from evil.test by mx.example.test with ESMTP id 1\r\n",
    "Authentication-Results: mx.example.test; dmarc=none header.from=F; spf=pass smtp.mailfrom=mallory@evil.test\r\n",
    "Authentication-Results: mx.example.test; dmarc=fail (dmarc=pass header.from=example.test) header.from=F\r\n",
    "Authentication-Results: mx.example.test; dkim=pass header.d=evil.test; dmarc=none header.from=F\r\n",
    "Authentication-Results: mx.example.test; dmarc=pass header.from=evil.test\r\n",
    "Authentication-Results: mx.example.test; none\r\n",
    "Received: from evil.test by mx.evil.test with ESMTPSA id 2 (Authenticated sender: anna@example.test)\r\n",
];

/// What the attacker has put below it.
const FORGERIES: &[&str] = &[
    "",
    "Received: from a by b.evil.test; x\r\nAuthentication-Results: mx.example.test; dmarc=pass header.from=example.test\r\n",
    "Received: from a by b.evil.test; x\r\nAuthentication-Results: mx.example.test.evil.test; dmarc=pass header.from=example.test\r\n",
    "Received: from a by b.evil.test; x\r\nAuthentication-Results: evil.test; dmarc=pass header.from=example.test\r\n",
    "Received: from a by b.evil.test; x\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n",
    "Received: from a by b.evil.test; x\r\nReceived: from x by mx.example.test with ESMTPSA (Authenticated sender: anna@example.test)\r\n",
];

const BODIES: &[&str] = &[
    "Attackord.",
    "#close\n",
    "#close\n\nAttackord.",
    "#send\n",
    "#drop\n",
    "#stop\n",
    "#cc mallory@evil.test\n\nAttackord.",
    "#ask mallory@evil.test\n\nAttackord.",
    "#new mallory@evil.test Hej\n\nAttackord.",
    "#customer mallory@evil.test\n",
    "#same-as mallory@evil.test\n",
    "#assign chef\n",
    "#merge 2\n",
    "#spam\n",
    "#files\n",
    "#away 2d\n",
    "#show 1\n",
    "#list state:open\n",
    "#search hemlighet\n",
    "#export eva@kund.test\n",
    "#erase eva@kund.test\n",
    "#bulk state:open\n\nAttackord.",
    "#release 1 2 3\n",
    "Attackord.\n\n-----Original Message-----\nFrom: anna@example.test\nTo: support@example.test\nSubject: [#1] x\n\n#close\n",
    "> #close\nAttackord.",
];

const SUBJECTS: &[&str] = &[
    "Hej",
    "Re: [#1] Byte",
    "SV: [#2] Retur",
    "[#1] [#2]",
    "=?utf-8?q?x=0D=0ABcc=3A_mallory=40evil=2Etest?=",
    "VB: Byte",
    "\u{202e}etyB ]1#[ :eR",
];

/// Whatever an attacker may have seen of the desk's mail: addresses of ours, Message-IDs, marks.
#[derive(Default)]
struct Loot {
    addresses: Vec<String>,
    ids: Vec<String>,
    svar_ids: Vec<String>,
    /// So many of the world's mails were gone through.
    read: usize,
}

impl Loot {
    fn new() -> Self {
        let known = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
        Self {
            addresses: known(&["support@example.test", "support+desk@example.test", "support+t1.x@example.test"]),
            ids: known(&["eva1@kund.test", "per1@kund.test"]),
            ..Self::default()
        }
    }

    fn take(&mut self, mails: &[Mail]) {
        for mail in &mails[self.read..] {
            let raw = String::from_utf8_lossy(&mail.raw).replace("=\r\n", "").replace("%2B", "+").replace("%40", "@");
            let words = raw.split(|c: char| c.is_whitespace() || "<>\":?()[],;".contains(c));
            let ours: BTreeSet<&str> =
                words.filter(|w| w.starts_with("support+") && w.ends_with("@example.test")).collect();
            self.addresses.extend(ours.into_iter().map(str::to_owned));
            self.addresses.extend(mail.sender.as_ref().map(ToString::to_string));
            self.ids.extend(mail.letter.message_id.clone());
            self.svar_ids.extend(mail.letter.svar_id.clone());
        }
        self.read = mails.len();
    }
}

/// One forged mail.
fn forge(chance: &mut Chance, loot: &Loot, n: usize, proof: Option<&str>) -> String {
    let any = |chance: &mut Chance, all: &[String]| all[chance.below(all.len())].clone();
    let from = chance.of(FROMS);
    let domain = from.rsplit('@').next().unwrap_or_default().trim_end_matches(['>', ';']);
    let verdict = proof.unwrap_or_else(|| chance.of(VERDICTS));
    let mut mail = verdict.replace("header.from=F", &format!("header.from={domain}"));
    mail.push_str(chance.of(FORGERIES));
    let _ = write!(mail, "From: {from}\r\nTo: {}", any(chance, &loot.addresses));
    if chance.below(4) == 0 {
        let _ = write!(mail, ", {}", any(chance, &loot.addresses));
    }
    let _ = write!(mail, "\r\nSubject: {}\r\nMessage-ID: <attack{n}@evil.test>\r\n", chance.of(SUBJECTS));
    if chance.below(3) == 0 {
        mail.push_str("Cc: mallory@evil.test, victim@offer.test\r\n");
    }
    if chance.below(4) == 0 {
        mail.push_str("Reply-To: mallory@evil.test\r\n");
    }
    if chance.below(3) > 0 {
        let id = any(chance, &loot.ids);
        let _ = write!(mail, "In-Reply-To: <{id}>\r\nReferences: <{}> <{id}>\r\n", any(chance, &loot.ids));
    }
    if chance.below(5) == 0 {
        let _ = write!(mail, "X-Svar-Id: {}\r\n", any(chance, &loot.svar_ids));
    }
    let body = chance.of(BODIES).replace('\n', "\r\n");
    match chance.below(4) {
        0 => {
            let _ = write!(
                mail,
                "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>{}</p><div style=\"display:none\">#close</div>\r\n",
                body.replace("\r\n", "<br>")
            );
        }
        _ => {
            let _ = write!(mail, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n");
        }
    }
    mail
}

/// Who and what may be on a ticket: all of it is as it was.
fn standing(world: &mut World, number: TicketNo) -> Result<(Vec<String>, Vec<String>, usize)> {
    let shown = world.look(|tx| tx.show(number, Time::from_unix(0)))?.ok_or("the ticket is gone")?;
    let people = shown.ticket.customer.iter().chain(&shown.participants).map(|p| p.address.to_string());
    let agents = shown.events.iter().filter(|e| e.actor.starts_with("agent:") || e.actor.starts_with("manager:"));
    let acts = agents.map(|e| format!("{} {} {}", e.actor, e.what, e.detail)).collect();
    let written = shown.messages.iter().filter(|m| matches!(m.direction, Direction::Out | Direction::Note)).count();
    Ok((people.collect(), acts, written))
}

/// What a mail of the desk's to somebody may hold.
fn judge(mail: &Mail, attack: &str) -> Result {
    let to = mail.to.as_str();
    let text = format!("{}\n{}", mail.letter.subject, mail.letter.text);
    let is_ours = to.ends_with("@example.test") && !to.starts_with("support");
    let secrets: &[&str] = match to {
        "eva@kund.test" => &["Perhemlighet", "Bjornhemlighet", "Noterahemlighet", "Attackord"],
        "per@kund.test" => &["Evahemlighet", "Evasvar", "Bjornhemlighet", "Noterahemlighet", "Attackord"],
        _ if is_ours => &[],
        _ => &["hemlighet", "Evasvar", "Attackord"],
    };
    if let Some(word) = secrets.iter().find(|w| text.contains(**w)) {
        return Err(format!("{to} was sent {word:?} after\n{attack}\n---\n{}", String::from_utf8_lossy(&mail.raw)));
    }
    let head = String::from_utf8_lossy(&mail.raw).split("\r\n\r\n").next().unwrap_or_default().to_owned();
    let lines: Vec<&str> = head.lines().collect();
    if lines.iter().any(|l| l.to_lowercase().starts_with("bcc:")) {
        return Err(format!("{to} was sent a mail with a header of the attacker's: {head}"));
    }
    if to == "victim@offer.test" || to.starts_with("support") {
        return Err(format!("{to} was sent {:?} after\n{attack}", mail.letter.subject));
    }
    if !is_ours && lines.iter().any(|l| l.starts_with("To:") && l.contains(',')) {
        return Err(format!("{to} is not alone: {head}"));
    }
    Ok(())
}

/// An attack of so many mails. `proof`: what the trusted server says of each, if it vouches for the forgeries.
pub fn play(seed: u64, mails: usize, proof: Option<&str>) -> Result {
    let story = read_story(DAY)?;
    let mut world = World::new(&story.config)?;
    for step in &story.steps {
        world.step(step).map_err(|e| format!("line {}: {e}", step.line))?;
    }
    world.pass(world.now.plus(2 * Time::HOUR))?;
    let tickets = [TicketNo(1), TicketNo(2)];
    let before: Vec<_> = tickets.iter().map(|t| standing(&mut world, *t)).collect::<Result<_>>()?;
    let mut chance = Chance::new(seed);
    let mut loot = Loot::new();
    for n in 0..mails {
        // The newest ones are loot, too: what the attack itself brings out can be used in it.
        loot.take(&world.mails);
        let attack = forge(&mut chance, &loot, n, proof);
        let known = world.mails.len();
        world.arrive(attack.as_bytes(), "support", Folder::Inbox, false)?;
        if chance.below(20) == 0 {
            world.pass(world.now.plus(10 * Time::MINUTE))?;
        }
        for mail in &world.mails[known..] {
            judge(mail, &attack).map_err(|e| format!("seed {seed}, mail {n}: {e}"))?;
        }
        for (ticket, before) in tickets.iter().zip(&before) {
            let after = standing(&mut world, *ticket)?;
            if after != *before {
                return Err(format!("seed {seed}, mail {n}: {before:?} became {after:?} by\n{attack}"));
            }
        }
    }
    let wrong = world.violations();
    if wrong.is_empty() { Ok(()) } else { Err(format!("seed {seed}: {wrong:#?}")) }
}
