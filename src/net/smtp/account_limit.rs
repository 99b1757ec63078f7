//! Refusals that speak of the sending account and not of the mail: a quota that is used up, too many connections. They are
//! put off, whatever their code; docs/PROVIDERS.md names the source of each.

/// A refusal: the enhanced status code it begins with (RFC 3463) or "" for any, and words of it in lower case.
struct Sign {
    status: &'static str,
    words: &'static str,
}

/// What servers say when an account has sent all that it may for now. Nobody else's mail would be taken either.
const USED_UP: &[Sign] = &[
    // Gmail, since 2013 with 550: "Daily user sending quota exceeded", of late "… sending limit exceeded".
    Sign { status: "5.4.5", words: "" },
    // Gmail, when too much comes at once.
    Sign { status: "4.2.1", words: "rate" },
    // Microsoft 365: the recipients of a day.
    Sign { status: "5.1.90", words: "" },
    Sign { status: "5.2.0", words: "submissionquotaexceeded" },
    // Microsoft 365: the sender's own mailbox is full, which the copies in Sent Items bring about.
    Sign { status: "5.2.2", words: "storedrv.submission" },
    // Microsoft 365: the account is taken for a spammer's until an administrator lets it go.
    Sign { status: "5.1.8", words: "bad outbound sender" },
    // iCloud.
    Sign { status: "5.7.1", words: "exceeded your daily sending limit" },
    // Hosters, in many words.
    Sign { status: "", words: "sending quota exceeded" },
    Sign { status: "", words: "sending limit exceeded" },
    Sign { status: "", words: "exceeded its sending limit" },
    Sign { status: "", words: "exceeded your sending limit" },
    Sign { status: "", words: "exceeded the max emails per hour" },
    Sign { status: "", words: "outgoing mail limit exceeded" },
];

/// Whether a refusal is the sending account's: it has sent too much, and every other mail would be refused as well.
/// `text` is the reply without its code.
#[must_use]
pub fn is_used_up(code: u16, text: &str) -> bool {
    if code < 400 {
        return false;
    }
    let text = text.to_ascii_lowercase();
    let status = text.split_whitespace().next().unwrap_or_default();
    USED_UP.iter().any(|s| (s.status.is_empty() || s.status == status) && text.contains(s.words))
}

/// The same of a whole reply, `550 5.4.5 Daily user sending quota exceeded`.
#[must_use]
pub fn reply_says_used_up(reply: &str) -> bool {
    let code = reply.get(..3).and_then(|c| c.parse().ok());
    code.is_some_and(|code| is_used_up(code, reply.get(3..).unwrap_or_default().trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &str, expect: bool) {
        assert_eq!(reply_says_used_up(reply), expect, "{reply}");
    }

    #[test]
    fn the_accounts_limit_is_no_verdict_on_the_mail() {
        check("550 5.4.5 Daily user sending quota exceeded. a1-20020 - gsmtp", true);
        check("550 5.4.5 Daily user sending limit exceeded. For more information on Gmail", true);
        check("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed", true);
        check("554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException", true);
        check("550 5.1.90 Your message can't be sent because you've reached your daily limit", true);
        check("550 5.1.8 Access denied, bad outbound sender AS(42004)", true);
        check("550 5.7.1 anna@icloud.test: You have exceeded your daily sending limit. Please try again later.", true);
        check("450 4.2.1 The user you are sending at a rate that is too high", true);
        check("554 Sending limit exceeded for this mailbox", true);
    }

    #[test]
    fn what_is_said_of_a_recipient_or_a_mail_stays_a_refusal() {
        // The customer's mailbox is full: hers, not ours.
        check("552 5.2.2 mailbox full", false);
        check("554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", false);
        check("550 5.1.1 no such user", false);
        check("550 5.7.1 spam", false);
        check("552 5.3.4 message size exceeds limit", false);
        check("550 5.1.8 sender address rejected: domain not found", false);
        check("250 2.0.0 sending quota exceeded", false);
        check("", false);
        check("55\u{e5} x", false);
    }
}
