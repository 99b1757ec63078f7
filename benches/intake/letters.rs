//! Letters for the bench: a seeded generator of support mail, the same bytes for the same seed.
//!
//! Conversations of one to six letters, mixed in time; Swedish and English; plain text or text with HTML as Word makes it; four
//! charsets in four transfer encodings; quotes below replies; attachments of 20-500 kB on one letter in eight; some robots, and
//! replies that have lost their headers. The sizes are like those of a shop's mailbox: a median of 8 kB, a mean of 40 kB.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::parts::{Charset, Coding, attachment, leaf, multipart};
use crate::words::{ENGLISH, FIRST_NAMES, LAST_NAMES, PROGRAMS, SWEDISH, Words};

/// Monday 2026-01-05, 07:00 UTC.
const BEGINNING: i64 = 1_767_596_400;

/// One mail, with LF as line end as it lies in a Maildir.
#[derive(Clone, Debug)]
pub struct Written {
    /// Seconds since 1970: when a server is to have received it.
    pub at: i64,
    pub raw: Vec<u8>,
}

/// SplitMix64: small, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// At least `low`, below `high`.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.next() % 100 < chance
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.next() as usize % of.len()]
    }

    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// exp(N(mu, sigma)), by Box and Muller.
    pub fn log_normal(&mut self, mu: f64, sigma: f64) -> f64 {
        let (a, b) = (self.fraction().max(1e-12), self.fraction());
        (mu + sigma * (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()).exp()
    }

    pub fn token(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[self.next() as usize % 36])).collect()
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(count + 8);
        while out.len() < count {
            out.extend_from_slice(&self.next().to_le_bytes());
        }
        out.truncate(count);
        out
    }

    pub fn filled(&mut self, pattern: &str) -> String {
        let long = self.between(10_000, 100_000).to_string();
        let short = self.between(2, 29).to_string();
        pattern.replace("{n}", &long).replace("{d}", &short)
    }
}

#[derive(Clone, Debug)]
struct Person {
    name: String,
    first: &'static str,
    address: String,
    program: &'static str,
    phone: u64,
}

/// A conversation between two of its letters.
#[derive(Debug)]
struct Conversation {
    words: &'static Words,
    customer: Person,
    colleague: Person,
    with_html: bool,
    subject: String,
    left: u64,
    /// Message-IDs so far, the desk's own answers among them.
    ids: Vec<String>,
    /// The text that the next letter quotes.
    before: Option<String>,
    text_kind: (Charset, Coding),
}

/// An endless row of letters to one mailbox, in the order of time.
#[derive(Debug)]
pub struct Letters {
    random: Random,
    to: String,
    /// By the time of the next letter, and a number that keeps two of one second apart.
    going: BTreeMap<(i64, u64), Conversation>,
    begun: u64,
    next_beginning: i64,
}

impl Letters {
    pub fn new(seed: u64, to: &str) -> Self {
        Self {
            random: Random::new(seed),
            to: to.to_owned(),
            going: BTreeMap::new(),
            begun: 0,
            next_beginning: BEGINNING,
        }
    }

    fn person(&mut self, domain: &str) -> Person {
        let r = &mut self.random;
        let (first, last) = (*r.one(FIRST_NAMES), *r.one(LAST_NAMES));
        let local: String = format!("{first}.{last}").to_lowercase().chars().filter_map(plain).collect();
        Person {
            name: format!("{first} {last}"),
            first,
            address: format!("{local}{}@{domain}", r.between(1, 500)),
            program: r.one::<&str>(PROGRAMS),
            phone: r.between(1_000_000, 10_000_000),
        }
    }

    fn begin(&mut self) {
        let words = if self.random.percent(60) { &SWEDISH } else { &ENGLISH };
        let (customer, colleague) = (self.person("kund.test"), self.person("kund.test"));
        let r = &mut self.random;
        let left = match r.between(0, 100) {
            0..40 => 1,
            40..62 => 2,
            62..77 => 3,
            77..87 => 4,
            87..95 => 5,
            _ => 6,
        };
        let pattern = *r.one(words.subjects);
        let conversation = Conversation {
            words,
            customer,
            colleague,
            with_html: r.percent(55),
            subject: r.filled(pattern),
            left,
            ids: Vec::new(),
            before: None,
            text_kind: text_kind(r, words),
        };
        self.going.insert((self.next_beginning, self.begun), conversation);
        self.begun += 1;
        self.next_beginning += self.random.between(60, 1800) as i64;
    }

    fn write(&mut self, at: i64, talk: &mut Conversation) -> Vec<u8> {
        let is_reply = !talk.ids.is_empty();
        let by_colleague = is_reply && self.random.percent(15);
        let to = self.to.clone();
        let Self { random: r, .. } = self;
        let words = talk.words;
        let from = if by_colleague { talk.colleague.clone() } else { talk.customer.clone() };
        let is_robot = is_reply && r.percent(5);
        let (charset, coding) = if r.percent(70) { talk.text_kind } else { text_kind(r, words) };

        let paragraphs = if is_robot { vec![r.filled(words.robot_text)] } else { paragraphs(r, words, words.asking) };
        let signature = signature(r, words, &from);
        let mut own = String::new();
        for paragraph in &paragraphs {
            own.push_str(&wrapped(paragraph, 74));
            own.push_str("\n\n");
        }
        own.push_str(&signature);
        let quote = if is_robot { None } else { talk.before.take() };
        let text = match &quote {
            Some(quote) => format!("{own}\n{quote}"),
            None => own.clone(),
        };

        let id = message_id(r, &from.address);
        let mut head = envelope(r, &from, &to, at);
        field(&mut head, "From", &mailbox(r, &from.name, &from.address, charset));
        let addressed = if is_reply && r.percent(50) { format!("Kundtjänst <{to}>") } else { to.clone() };
        let addressed = if addressed.is_ascii() { addressed } else { mailbox(r, "Kundtjänst", &to, charset) };
        field(&mut head, "To", &addressed);
        if by_colleague || (is_reply && r.percent(30)) {
            let other = if by_colleague { &talk.customer } else { &talk.colleague };
            field(&mut head, "Cc", &mailbox(r, &other.name, &other.address, charset));
        }
        let prefix = match (is_robot, is_reply) {
            (true, _) => words.robot_prefix,
            (_, true) => r.one(words.reply_prefixes),
            _ => "",
        };
        field(&mut head, "Subject", &encoded(r, &format!("{prefix}{}", talk.subject), charset));
        field(&mut head, "Date", &date(at));
        field(&mut head, "Message-ID", &id);
        if let Some(last) = talk.ids.last() {
            let lost = r.between(0, 100);
            if lost < 92 {
                field(&mut head, "In-Reply-To", last);
            }
            if lost < 97 {
                field(&mut head, "References", &talk.ids.join("\n "));
            }
        }
        if is_robot {
            field(&mut head, "Auto-Submitted", "auto-replied");
            field(&mut head, "X-Auto-Response-Suppress", "All");
        }
        field(&mut head, "X-Mailer", from.program);
        field(&mut head, "Content-Language", if words.code == "sv" { "sv-SE" } else { "en-GB" });
        field(&mut head, "MIME-Version", "1.0");

        let plain = leaf("plain", &text, charset, coding);
        let mut body = if talk.with_html && !is_robot {
            let html = leaf("html", &html(&paragraphs, &signature, quote.as_deref()), charset, coding.for_html());
            multipart(r, "alternative", &[plain, html])
        } else {
            plain
        };
        if r.percent(12) {
            let mut parts = vec![body];
            let count = match r.between(0, 100) {
                0..75 => 1,
                75..93 => 2,
                _ => 3,
            };
            for _ in 0..count {
                parts.push(attachment(r));
            }
            body = multipart(r, "mixed", &parts);
        }
        head.extend_from_slice(&body);

        if !is_robot {
            // What the desk answers in between is not here, but it is seen in the next letter's quote and References.
            talk.ids.push(id);
            let answer = paragraphs_of_desk(r, words);
            talk.ids.push(message_id(r, &to));
            let below = quoted(&text, words, at, &from.name, &from.address);
            let answered = format!("{}\n\n{}\nExempelbutiken\n\n{below}", answer.join("\n\n"), r.one(words.closings));
            talk.before = Some(quoted(&answered, words, at + 5400, "Exempelbutiken", &to));
        }
        head
    }
}

impl Iterator for Letters {
    type Item = Written;

    fn next(&mut self) -> Option<Written> {
        while self.going.first_key_value().is_none_or(|((at, _), _)| *at >= self.next_beginning) {
            self.begin();
        }
        let ((at, number), mut talk) = self.going.pop_first()?;
        let raw = self.write(at, &mut talk);
        talk.left -= 1;
        if talk.left > 0 {
            let pause = self.random.between(20 * 60, 40 * 3600) as i64;
            self.going.insert((at + pause, number), talk);
        }
        Some(Written { at, raw })
    }
}

fn text_kind(r: &mut Random, words: &Words) -> (Charset, Coding) {
    match r.between(0, 100) {
        0..27 => (Charset::Utf8, Coding::Quoted),
        27..44 => (Charset::Utf8, Coding::EightBit),
        44..58 => (Charset::Utf8, Coding::Base64),
        58..72 => (Charset::Latin1, Coding::Quoted),
        72..79 => (Charset::Latin1, Coding::EightBit),
        79..85 => (Charset::Windows1252, Coding::Quoted),
        _ if words.code == "en" => (Charset::Ascii, Coding::SevenBit),
        _ => (Charset::Utf8, Coding::Quoted),
    }
}

fn paragraphs(r: &mut Random, words: &Words, sentences: &[&str]) -> Vec<String> {
    let mut out = vec![(*r.one(words.greetings)).to_owned()];
    let count = r.log_normal(1.45, 0.60).clamp(1.0, 22.0) as usize;
    for _ in 0..count {
        let length = *r.one(&[1, 2, 2, 3, 4, 5]);
        out.push(
            (0..length)
                .map(|_| {
                    let s = *r.one(sentences);
                    r.filled(s)
                })
                .collect::<Vec<_>>()
                .join(" "),
        );
    }
    out
}

fn paragraphs_of_desk(r: &mut Random, words: &Words) -> Vec<String> {
    let mut out = paragraphs(r, words, words.answering);
    out.truncate(4);
    out.iter().map(|p| wrapped(p, 74)).collect()
}

fn signature(r: &mut Random, words: &Words, from: &Person) -> String {
    let closing = *r.one(words.closings);
    if r.percent(30) {
        return format!("{closing}\n{}\n", from.first);
    }
    format!("{closing}\n{}\n\n-- \n{}\nTel. +46 8 {}\n{}\n", from.first, from.name, from.phone, from.address)
}

fn quoted(text: &str, words: &Words, at: i64, name: &str, address: &str) -> String {
    let zoned = zoned(at);
    let day = words.days[usize::from(zoned.weekday().to_monday_zero_offset().unsigned_abs())];
    let month = words.months[usize::from(zoned.month().unsigned_abs()) - 1];
    let (of, year, time) = (zoned.day(), zoned.year(), zoned.strftime("%H:%M"));
    let mut out = if words.code == "sv" {
        format!("Den {day} {of} {month} {year} kl {time} skrev {name} <{address}>:\n")
    } else {
        format!("On {day}, {of} {month} {year} at {time}, {name} <{address}> wrote:\n")
    };
    for line in text.lines() {
        out.push_str(if line.starts_with('>') { ">" } else { "> " });
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// As Word writes it.
fn html(paragraphs: &[String], signature: &str, quote: Option<&str>) -> String {
    let mut out = String::from(
        "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns=\"http://www.w3.org/TR/REC-html40\">\n<head>\n\
         <meta name=\"Generator\" content=\"Microsoft Word 15 (filtered medium)\">\n<style><!--\n\
         @font-face {font-family:\"Cambria Math\"; panose-1:2 4 5 3 5 4 6 3 2 4;}\n\
         @font-face {font-family:Aptos; panose-1:2 11 0 4 2 2 2 2 2 4;}\n\
         p.MsoNormal, li.MsoNormal, div.MsoNormal\n\t{margin:0cm; font-size:12.0pt; font-family:\"Aptos\",sans-serif;}\n\
         a:link, span.MsoHyperlink {mso-style-priority:99; color:#467886; text-decoration:underline;}\n\
         .MsoChpDefault {mso-style-type:export-only; font-size:10.0pt;}\n\
         @page WordSection1 {size:612.0pt 792.0pt; margin:70.85pt 70.85pt 70.85pt 70.85pt;}\n\
         div.WordSection1 {page:WordSection1;}\n--></style>\n</head>\n\
         <body lang=\"SV\" link=\"#467886\" vlink=\"#96607D\" style=\"word-wrap:break-word\">\n<div class=\"WordSection1\">\n",
    );
    for paragraph in paragraphs {
        out.push_str(
            "<p class=\"MsoNormal\"><span style='font-size:11.0pt;font-family:\"Calibri\",sans-serif;mso-fareast-language:EN-US'>",
        );
        out.push_str(&escaped(paragraph));
        out.push_str("<o:p></o:p></span></p>\n<p class=\"MsoNormal\"><o:p>&nbsp;</o:p></p>\n");
    }
    out.push_str("<p class=\"MsoNormal\">");
    out.push_str(&escaped(signature).replace('\n', "<br>\n"));
    out.push_str("</p>\n");
    if let Some(quote) = quote {
        out.push_str("<div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\">\n<blockquote type=\"cite\">\n");
        for line in quote.lines().filter(|line| !line.trim_matches(['>', ' ']).is_empty()) {
            out.push_str("<p class=\"MsoNormal\" style='margin:0cm'>");
            out.push_str(&escaped(line));
            out.push_str("</p>\n");
        }
        out.push_str("</blockquote>\n</div>\n");
    }
    out.push_str("</div>\n</body>\n</html>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

// ---- headers --------------------------------------------------------------------------------------------------------

fn field(head: &mut Vec<u8>, name: &str, value: &str) {
    head.extend_from_slice(format!("{name}: {value}\n").as_bytes());
}

/// Return-Path, two to four Received, and mostly a DKIM-Signature.
fn envelope(r: &mut Random, from: &Person, to: &str, at: i64) -> Vec<u8> {
    let mut head = Vec::with_capacity(4096);
    let domain = from.address.rsplit('@').next().unwrap_or("kund.test").to_owned();
    field(&mut head, "Return-Path", &format!("<{}>", from.address));
    for hop in 0..r.between(2, 5) {
        let host = r.token(6);
        let value = format!(
            "from {host}.{domain} (unknown [192.0.2.{}])\n\tby mx{hop}.example.test (Postfix) with ESMTPS id {}\n\tfor <{to}>; {}",
            r.between(1, 255),
            r.token(12).to_uppercase(),
            date(at)
        );
        field(&mut head, "Received", &value);
    }
    if r.percent(80) {
        let mut seal = format!(
            "v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=s{}; t={at};\n\th=from:to:cc:subject:date:message-id:mime-version;\n\tbh={};\n\tb=",
            r.between(1, 4),
            BASE64.encode(&r.bytes(32))
        );
        for _ in 0..6 {
            seal.push_str(&BASE64.encode(&r.bytes(48)));
            seal.push_str("\n\t ");
        }
        field(&mut head, "DKIM-Signature", seal.trim_end());
    }
    head
}

fn message_id(r: &mut Random, address: &str) -> String {
    let domain = address.rsplit('@').next().unwrap_or("kund.test");
    match r.between(0, 3) {
        0 => format!("<{}@{domain}>", r.token(32)),
        1 => format!("<{}.{}@{domain}>", r.token(8).to_uppercase(), r.token(12)),
        _ => format!("<CA+{}@mail.kund.test>", r.token(40)),
    }
}

fn zoned(at: i64) -> jiff::Zoned {
    Timestamp::from_second(at).unwrap_or_default().to_zoned(TimeZone::fixed(Offset::constant(1)))
}

fn date(at: i64) -> String {
    zoned(at).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

fn mailbox(r: &mut Random, name: &str, address: &str, charset: Charset) -> String {
    if name.is_ascii() && r.percent(40) {
        return format!("\"{name}\" <{address}>");
    }
    format!("{} <{address}>", encoded(r, name, charset))
}

/// RFC 2047, in words short enough for a line.
pub fn encoded(r: &mut Random, text: &str, charset: Charset) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let charset = if charset == Charset::Ascii { Charset::Utf8 } else { charset.that_holds(text) };
    let by_base64 = charset == Charset::Utf8 && r.percent(50);
    let word = |piece: &str| {
        let bytes = charset.bytes(piece);
        if by_base64 {
            return BASE64.encode(&bytes);
        }
        bytes
            .iter()
            .map(|&b| match b {
                b' ' => "_".to_owned(),
                b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
                b => format!("={b:02X}"),
            })
            .collect()
    };
    let mut words = Vec::new();
    let mut piece = String::new();
    for c in text.chars() {
        piece.push(c);
        if word(&piece).len() > 50 {
            piece.pop();
            words.push(word(&piece));
            piece = c.to_string();
        }
    }
    words.push(word(&piece));
    let letter = if by_base64 { 'B' } else { 'Q' };
    words.iter().map(|w| format!("=?{}?{letter}?{w}?=", charset.name())).collect::<Vec<_>>().join("\n ")
}

// ---- texts -----------------------------------------------------------------------------------------------------------

fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / width);
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 {
            let fits = column + 1 + length <= width;
            out.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// A letter as it may stand in an address.
fn plain(c: char) -> Option<char> {
    Some(match c {
        'å' | 'ä' | 'á' => 'a',
        'ö' => 'o',
        'é' => 'e',
        'ü' => 'u',
        c if c.is_ascii_alphanumeric() || c == '.' || c == '-' => c,
        _ => return None,
    })
}
