//! The names of the rules that cut, with what each of them saw: what `explain` prints beside a cut.

/// Every rule's name and what it recognises, for people.
pub const RULES: &[(&str, &str)] = &[
    ("svar-separator", "svar's own line: what stands below it is the notification that was answered"),
    ("reply-above-line", "the line of a help desk that asks to be answered above it"),
    ("attribution", "a line says who wrote what follows, and when"),
    ("header-block", "a mail's From, Sent, To and Subject, printed above its text"),
    ("original-message", "a divider announces the mail that is answered"),
    ("quote", "lines behind > without a word of who wrote them"),
    ("forward-divider", "a divider announces a forwarded mail"),
    ("forward-header", "the subject says forward, and a mail's From, Sent, To and Subject follow"),
    ("forward-attribution", "the subject says forward, and a line says who wrote what follows"),
    ("gmail-quote", "the element that Gmail puts around the mail that is answered"),
    ("gmail-attribution", "the element that Gmail puts around who wrote what follows"),
    ("thunderbird-attribution", "the element that Thunderbird puts around who wrote what follows"),
    ("thunderbird-forward", "the element that Thunderbird puts around a forwarded mail"),
    ("yahoo-quote", "the element that Yahoo puts around the mail that is answered"),
    ("proton-quote", "the element that Proton puts around the mail that is answered"),
    ("zoho-quote", "the element that Zoho puts around the mail that is answered"),
    ("tuta-quote", "the element that Tuta puts around the mail that is answered"),
    ("apple-quote", "the element that Apple Mail puts around the mail that is answered"),
    ("zimbra-quote", "the line that Zimbra draws above the mail that is answered"),
    ("front-quote", "the element that Front puts around the mail that is answered"),
    ("spark-quote", "the element that Spark puts around the mail that is answered"),
    ("airmail-attribution", "the element that Airmail puts around who wrote what follows"),
    ("mailru-quote", "the element that Mail.ru puts around the mail that is answered"),
    ("samsung-quote", "the element that Samsung Email puts around the header of the mail that is answered"),
    ("gmx-quote", "the element that GMX and WEB.DE put around the mail that is answered"),
    ("roundcube-reply", "the element that Roundcube puts above the mail that is answered"),
    ("outlook-header", "the header block that Outlook sets above the mail that is answered"),
    ("outlook-reply", "the element that Outlook puts above the mail that is answered"),
    ("outlook-border", "the line that Outlook draws above the mail that is answered"),
    ("signature-html", "the element that a mail program keeps a signature in"),
    ("signature-dashes", "two dashes on a line of their own (RFC 3676, 4.3)"),
    ("signature-mobile", "what a telephone or an app writes by itself"),
    ("signature-line", "a drawn line with the sender's name below it"),
    ("signature-closing", "a closing and a name, with nothing below but how to reach it"),
    ("signature-name", "the sender's name, with nothing below but how to reach it"),
    ("disclaimer", "a notice that mail servers and law firms add"),
    ("banner", "a warning that the receiving side put above the mail"),
];

/// What a rule recognises; "" for a name that is none.
#[must_use]
pub fn meaning(rule: &str) -> &'static str {
    RULES.iter().find(|(name, _)| *name == rule).map_or("", |(_, meaning)| meaning)
}
