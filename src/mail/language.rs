//! The language of a short text, told by its small words and its letters.
//!
//! Mail to a shop is three lines: too little for statistics over letters alone, enough for "och", "ikke", "mutta". The
//! languages that are told apart are those a Nordic shop gets, and enough of their neighbours not to mistake them.

use std::sync::LazyLock;

/// How many words are looked at.
const MAX_WORDS: usize = 200;
/// What the best must reach, and how far ahead of the next it must be (in percent).
const MIN_SCORE: u32 = 9;
const MIN_LEAD: u32 = 125;

const LANGUAGES: [&str; 11] = ["sv", "no", "da", "fi", "en", "de", "nl", "fr", "es", "it", "pl"];

/// Small words by language, in the order of [`LANGUAGES`]. A word that several share counts less for each.
const WORDS: [&str; 11] = [
    "och att det som en är på för med har jag inte till av den om ni så men kan vi från ett var mig min mitt mina er ska skulle vill hej tack när hur vad mycket bara eller också här där nu efter då varan köpt \
     beställde beställt beställning hälsningar vänliga fått får blev ännu igen tillbaka snälla era ert kommer hos oss sig måste gärna fel storlek idag skickat skicka väska fråga undrar frågor hjälp behöver vänta \
     varför vilken vilket dem de du dig sina kvar ingen inget något någon ju ingenting åter i morgon imorgon snart paket paketet beställningen ordern pengar pengarna retur returnera levererat leverans finns",
    "og at det som en er på for med har jeg ikke til av den om dere så men kan vi fra et var meg min mitt mine skal skulle vil hei takk når hvordan hva mye bare eller også her der nå etter da kjøpt bestilte bestilt \
     bestilling hilsen vennlig fått får ble ennå igjen tilbake deres kommer hos oss seg må gjerne feil størrelse dag sendt sende veske spørsmål lurer hjelp trenger vente hvorfor hvilken hvilket dem de du deg noe noen \
     ingen ingenting uke mottatt vært hvor i morgen snart pakke pakken bestillingen ordren penger pengene retur levert levering finnes",
    "og at det som en er på for med har jeg ikke til af den om i så men kan vi fra et var mig min mit mine skal skulle vil hej tak når hvordan hvad meget kun eller også her der nu efter da købt bestilte bestilt \
     bestilling hilsen venlig fået får blev endnu igen tilbage jeres kommer hos os sig må gerne forkert størrelse dag sendt sende taske spørgsmål hjælp mangler vente hvorfor hvilken hvilket dem de du dig noget nogle \
     ingen ingenting uge modtaget været hvornår jer hvor skriver ad morgen snart pakke pakken bestillingen ordren penge pengene retur leveret levering findes",
    "ja on ei se että en oli olen mutta kun niin mitä kuin voi minun olisi jos tai myös hei kiitos kanssa mikä missä milloin miten paljon vain tässä nyt jälkeen koska tilasin tilaus tilauksen tilaukseni terveisin ystävällisin \
     sain vielä takaisin teidän teille pitäisi haluan haluaisin väärä koko tänään laukku kysymys apua tarvitsen miksi joka jotka minulle minä te me ole ollut voisitteko saada paketti pakettia kuitenkaan vielä saanut",
    "the and to of a in is it you that i for on was with are this have be not my we your but can from or an would when how what just also here there now after please order ordered regards hello hi thanks thank bought \
     received back could should wrong size today bag question help need wait why which them they he she me our has been will any some do does did if so out get got still",
    "und der die das ist nicht ich sie mit den ein eine für auf zu von es im dem wir habe hat bei wie aber auch noch nach oder wenn mir mich mein meine ihr ihre ihnen bitte danke hallo wann was warum nur hier jetzt \
     bestellt bestellung grüße freundlichen bekommen zurück falsche größe heute tasche frage hilfe brauche warten welche uns werden wurde kann können möchte sehr geehrte damen herren einen keine schon",
    "de het een en van ik dat niet is op te zijn voor met die er heb maar om aan ook als bij nog dan wel naar mijn kan wat waar hoe wanneer graag bedankt hallo groet vriendelijke besteld bestelling ontvangen terug \
     verkeerde maat vandaag tas vraag hulp waarom welke ons u uw jullie geen wil zou kunnen heeft hebben",
    "le la les de et un une je est que pas pour des du en vous ne ce dans il sur au avec mais mon ma mes bonjour merci quand comment votre vos nous suis ai avez commande commandé reçu retour taille aujourd sac question aide \
     cordialement pourquoi quel quelle sont être fait plus très",
    "el la los las de que y en un una no es por con para lo su mi me se pero como más este esta hola gracias cuando cómo pedido recibido talla hoy bolsa pregunta ayuda saludos porque estoy tengo quiero ustedes usted sus al \
     del muy hay",
    "il la le di che e un una non è per con ma come mi si sono ho ha più questo questa ciao grazie quando ordine ordinato ricevuto taglia oggi borsa domanda aiuto saluti perché vorrei mio mia della del dei buongiorno anche",
    "i w nie na się z że do to jest jak o ale co czy mam mnie mi dla od za po przez tylko już jeszcze dzień dobry dziękuję kiedy zamówienie zamówiłem zamówiłam otrzymałem rozmiar dzisiaj torba pytanie pomoc pozdrawiam \
     dlaczego proszę moje mój są był była",
];

/// Words with the indexes of their languages, in buckets by [`bucket`]: every word of every letter is looked for here.
static TABLE: LazyLock<Vec<Vec<(&'static str, Vec<usize>)>>> = LazyLock::new(|| {
    let mut table: Vec<Vec<(&str, Vec<usize>)>> = vec![Vec::new(); BUCKETS];
    for (language, words) in WORDS.iter().enumerate() {
        for word in words.split_whitespace() {
            let bucket = &mut table[bucket(word)];
            let at = bucket.iter().position(|(w, _)| *w == word).unwrap_or_else(|| {
                bucket.push((word, Vec::new()));
                bucket.len() - 1
            });
            if bucket[at].1.last() != Some(&language) {
                bucket[at].1.push(language);
            }
        }
    }
    table
});

const BUCKETS: usize = 4096;

/// FNV-1a: always the same, unlike the library's maps.
fn bucket(word: &str) -> usize {
    let hash = word.bytes().fold(0x811c_9dc5_u32, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) as usize % BUCKETS
}

fn languages_of(word: &str) -> Option<&'static Vec<usize>> {
    TABLE[bucket(word)].iter().find(|(w, _)| *w == word).map(|(_, languages)| languages)
}

/// ISO 639-1, or `None` where it cannot be told.
#[must_use]
pub fn of(text: &str) -> Option<&'static str> {
    let mut scores = [0u32; LANGUAGES.len()];
    let head = &text[..text.floor_char_boundary(2_000)];
    let lower = head.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty());
    for word in words.take(MAX_WORDS) {
        if let Some(languages) = languages_of(word) {
            // Unique: 12; shared by two: 6; by three: 4.
            let share = 12 / u32::try_from(languages.len()).unwrap_or(12);
            languages.iter().for_each(|&l| scores[l] += share);
        }
        letters(word, &mut scores);
    }
    let (best, &score) = scores.iter().enumerate().max_by_key(|(_, s)| **s)?;
    let next = scores.iter().enumerate().filter(|(i, _)| *i != best).map(|(_, s)| *s).max().unwrap_or(0);
    (score >= MIN_SCORE && score * 100 >= next * MIN_LEAD).then(|| LANGUAGES[best])
}

/// Letters that only some of them have.
fn letters(word: &str, scores: &mut [u32; LANGUAGES.len()]) {
    const LETTERS: &[(&[char], &[usize], u32)] = &[
        (&['å'], &[0, 1, 2], 2),
        (&['ä', 'ö'], &[0, 3, 5], 2),
        (&['æ', 'ø'], &[1, 2], 4),
        (&['ü', 'ß'], &[5], 4),
        (&['é', 'è', 'ê', 'ç', 'à'], &[7], 2),
        (&['ñ', '¿', 'í', 'ó'], &[8], 2),
        (&['ą', 'ę', 'ł', 'ś', 'ż', 'ź', 'ć', 'ń'], &[10], 4),
    ];
    if word.is_ascii() {
        return;
    }
    for (set, languages, weight) in LETTERS {
        if word.contains(*set) {
            languages.iter().for_each(|&l| scores[l] += weight);
        }
    }
    if ["yy", "ää", "öö", "tt", "kk", "ii"].iter().filter(|d| word.contains(**d)).count() > 1 {
        scores[3] += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_letters() {
        for (text, expect) in [
            ("Hej, när kommer mitt paket?", Some("sv")),
            ("Hej! Jag har inte fått min väska ännu.", Some("sv")),
            ("Tack så mycket!", Some("sv")),
            ("Fel storlek, vill byta", Some("sv")),
            ("Hei, når kommer pakken min? Jeg har ikke mottatt noe.", Some("no")),
            ("Jeg har bestilt feil størrelse, kan jeg bytte den?", Some("no")),
            ("Hej, hvornår kommer min pakke? Jeg har ikke modtaget noget.", Some("da")),
            ("Jeg vil gerne have mine penge tilbage.", Some("da")),
            ("Hei, milloin pakettini saapuu? En ole saanut sitä vielä.", Some("fi")),
            ("Tilasin väärän koon, voinko vaihtaa?", Some("fi")),
            ("Hello, when will my order arrive?", Some("en")),
            ("I have not received the bag yet", Some("en")),
            ("Hallo, wann kommt meine Bestellung?", Some("de")),
            ("Ich habe die falsche Größe bestellt.", Some("de")),
            ("Hallo, wanneer komt mijn bestelling?", Some("nl")),
            ("Bonjour, je n'ai pas reçu ma commande.", Some("fr")),
            ("", None),
            ("12345", None),
            ("OK", None),
            ("Lorem ipsum dolor sit amet", None),
        ] {
            assert_eq!(of(text), expect, "{text:?}");
        }
    }
}
