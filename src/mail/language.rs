//! The language of a short text, told by its small words, then by its letters in threes.
//!
//! Mail to a shop is three lines, often one: too little for statistics alone, enough for "och", "ikke", "mutta". The languages
//! that are told apart are those a Nordic shop gets, and enough of their neighbours not to mistake them.

mod grams;

use std::sync::LazyLock;

use crate::mail::lower::lower;

/// How many words are looked at.
const MAX_WORDS: usize = 200;
/// What the best must reach by words alone, and how far ahead of the next it must be (in percent).
const MIN_SCORE: u32 = 36;
const MIN_LEAD: u32 = 160;
/// What one word is worth that only one language has, beside the letters; in hundredths of the natural logarithm.
const WORD_WEIGHT: i32 = 500;
/// How far ahead the best must be where letters decide.
const MIN_GRAM_LEAD: i32 = 60;

/// ISO 639-1, in the order of all that follows.
const LANGUAGES: [&str; 12] = ["sv", "nb", "da", "fi", "en", "de", "nl", "fr", "es", "it", "pl", "pt"];

/// Small words by language. A word that several share counts less for each.
const WORDS: [&str; 12] = [
    "se nedan bifogar bifogad bild trasig ja nej och att det som en är på för med har jag inte till av den om ni så men kan vi från ett var mig min mitt mina er ska skulle vill hej tack när hur vad mycket bara eller också här där nu efter då varan köpt \
     beställde beställt beställning hälsningar vänliga fått får blev ännu igen tillbaka snälla era ert kommer hos oss sig måste gärna fel storlek idag skickat skicka väska fråga undrar frågor hjälp behöver vänta \
     varför vilken vilket dem de du dig sina kvar ingen inget något någon ju ingenting åter i morgon imorgon snart paket paketet beställningen ordern pengar pengarna retur returnera levererat leverans finns funkar kväll svart svarar varit",
    "se nedenfor vedlagt ja nei og at det som en er på for med har jeg ikke til av den om dere så men kan vi fra et var meg min mitt mine skal skulle vil hei takk når hvordan hva mye bare eller også her der nå etter da kjøpt bestilte bestilt \
     bestilling hilsen vennlig fått får ble ennå igjen tilbake deres kommer hos oss seg må gjerne feil størrelse dag sendt sende veske spørsmål lurer hjelp trenger vente hvorfor hvilken hvilket dem de du deg noe noen \
     ingen ingenting uke mottatt vært hvor i morgen snart pakke pakken bestillingen ordren penger pengene retur levert levering finnes blitt kveld kvelden svarer fungerer virker leveringstiden gjøre gjør veldig åpent lørdag",
    "se nedenfor vedhæftet ja nej og at det som en er på for med har jeg ikke til af den om i så men kan vi fra et var mig min mit mine skal skulle vil hej tak når hvordan hvad meget kun eller også her der nu efter da købt bestilte bestilt \
     bestilling hilsen venlig fået får blev endnu igen tilbage jeres kommer hos os sig må gerne forkert størrelse dag sendt sende taske spørgsmål hjælp mangler vente hvorfor hvilken hvilket dem de du dig noget nogle \
     ingen ingenting uge modtaget været hvornår jer hvor skriver ad morgen snart pakke pakken bestillingen ordren penge pengene retur leveret levering findes aften svarer virker sort hvilke gøre gør åbent lørdag bliver nogen",
    "ja on ei se että en oli olen mutta kun niin mitä kuin voi minun olisi jos tai myös hei kiitos kanssa mikä missä milloin miten paljon vain tässä nyt jälkeen koska tilasin tilaus tilauksen tilaukseni terveisin ystävällisin \
     sain vielä takaisin teidän teille pitäisi haluan haluaisin väärä koko tänään laukku kysymys apua tarvitsen miksi joka jotka minulle minä te me ole ollut voisitteko saada paketti pakettia kuitenkaan vielä saanut",
    "the and to of a in is it you that i for on was with are this have be not my we your but can from or an would when how what just also here there now after please order ordered regards hello hi thanks thank bought \
     received back could should wrong size today bag question help need wait why which them they he she me our has been will any some do does did if so out get got still",
    "ja nein und der die das ist nicht ich sie mit den ein eine für auf zu von es im dem wir habe hat bei wie aber auch noch nach oder wenn mir mich mein meine ihr ihre ihnen bitte danke hallo wann was warum nur hier jetzt \
     bestellt bestellung grüße freundlichen bekommen zurück falsche größe heute tasche frage hilfe brauche warten welche uns werden wurde kann können möchte sehr geehrte damen herren einen keine schon",
    "ja nee de het een en van ik dat niet is op te zijn voor met die er heb maar om aan ook als bij nog dan wel naar mijn kan wat waar hoe wanneer graag bedankt hallo groet vriendelijke besteld bestelling ontvangen terug \
     verkeerde maat vandaag tas vraag hulp waarom welke ons u uw jullie geen wil zou kunnen heeft hebben",
    "le la les de et un une je est que pas pour des du en vous ne ce dans il sur au avec mais mon ma mes bonjour merci quand comment votre vos nous suis ai avez commande commandé reçu retour taille aujourd sac question aide \
     cordialement pourquoi quel quelle sont être fait plus très",
    "se el la los las de que y en un una no es por con para lo su mi me se pero como más este esta hola gracias cuando cómo pedido recibido talla hoy bolsa pregunta ayuda saludos porque estoy tengo quiero ustedes usted sus al \
     del muy hay",
    "avete siete potete gli delle ce il la le di che e un una non è per con ma come mi si sono ho ha più questo questa ciao grazie quando ordine ordinato ricevuto taglia oggi borsa domanda aiuto saluti perché vorrei mio mia della del dei buongiorno anche",
    "i w nie na się z że do to jest jak o ale co czy mam mnie mi dla od za po przez tylko już jeszcze dzień dobry dziękuję kiedy zamówienie zamówiłem zamówiłam otrzymałem rozmiar dzisiaj torba pytanie pomoc pozdrawiam \
     dlaczego proszę moje mój są był była",
    "se o a os as de e que do da em um uma não é com para por se na no mais como mas eu meu minha foi está olá obrigado obrigada quando onde pedido encomenda recebi tamanho hoje mala pergunta ajuda porque quero você \
     vocês são muito ainda já bom dia favor podem pode tenho",
];

/// A set of languages, a bit each.
#[derive(Clone, Copy, Debug, Default)]
struct Languages(u16);

impl Languages {
    fn count(self) -> u32 {
        self.0.count_ones()
    }

    fn has(self, language: usize) -> bool {
        self.0 >> language & 1 == 1
    }

    fn each(self) -> impl Iterator<Item = usize> {
        (0..LANGUAGES.len()).filter(move |&l| self.has(l))
    }
}

/// Where a word may stand: small, so that the many words that are not there cost one look.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u32,
    /// Where it stands in the list of words.
    word: u16,
    /// None in an empty slot.
    languages: Languages,
}

/// Every word of every letter is looked for here.
struct Table {
    slots: Vec<Slot>,
    words: Vec<&'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { slots: vec![Slot::default(); SLOTS], words: Vec::new() };
    for (language, words) in WORDS.iter().enumerate() {
        for word in words.split_whitespace() {
            let at = table.slot_of(word);
            let slot = &mut table.slots[at];
            if slot.languages.count() == 0 {
                (slot.hash, slot.word) = (hash(word), u16::try_from(table.words.len()).unwrap_or_default());
                table.words.push(word);
            }
            slot.languages.0 |= 1 << language;
        }
    }
    table
});

impl Table {
    /// The slot of a word: its own, or the empty one where it would stand.
    fn slot_of(&self, word: &str) -> usize {
        let hash = hash(word);
        let mut at = (hash ^ (hash >> 16)) as usize % SLOTS;
        loop {
            let slot = &self.slots[at];
            let is_it = slot.hash == hash && self.words.get(usize::from(slot.word)) == Some(&word);
            if is_it || slot.languages.count() == 0 {
                return at;
            }
            at = (at + 1) % SLOTS;
        }
    }
}

/// Several times as many as there are words.
const SLOTS: usize = 4096;

/// FNV-1a: always the same, unlike the library's maps.
fn hash(word: &str) -> u32 {
    word.bytes().fold(0x811c_9dc5_u32, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

fn languages_of(word: &str) -> Languages {
    let table = &*TABLE;
    table.slots[table.slot_of(word)].languages
}

/// ISO 639-1, or `None` where it cannot be told.
#[must_use]
pub fn of(text: &str) -> Option<&'static str> {
    let mut scores = [0u32; LANGUAGES.len()];
    let head = &text[..text.floor_char_boundary(2_000)];
    let lower = lower(head);
    let words = words(&lower);
    for word in &words {
        let languages = languages_of(word);
        // Unique: 12; shared by two: 6; by three: 4.
        if let Some(share) = 12_u32.checked_div(languages.count()) {
            languages.each().for_each(|l| scores[l] += share);
        }
        letters(word, &mut scores);
    }
    let (best, &score) = scores.iter().enumerate().max_by_key(|(_, s)| **s)?;
    let next = scores.iter().enumerate().filter(|(i, _)| *i != best).map(|(_, s)| *s).max().unwrap_or(0);
    if score >= MIN_SCORE && score * 100 >= next * MIN_LEAD {
        return grams::has_letters(best, &words).then(|| LANGUAGES[best]);
    }
    by_letters(&words)
}

/// The same for what is too short for words to decide: how probable its letters are, with what words there are.
fn by_letters(words: &[&str]) -> Option<&'static str> {
    let mut scores = grams::scores(words);
    for word in words {
        let languages = languages_of(word);
        if let Some(share) = WORD_WEIGHT.checked_div(languages.count().cast_signed()) {
            languages.each().for_each(|l| scores[l] += share);
        }
    }
    let (best, &score) = scores.iter().enumerate().max_by_key(|(_, s)| **s)?;
    let next = scores.iter().enumerate().filter(|(i, _)| *i != best).map(|(_, s)| *s).max()?;
    // Names, numbers and languages that are not among these have no word that is known.
    let known = words.iter().filter(|w| grams::has_word(best, w) || languages_of(w).has(best)).count();
    // One word that several have says nothing.
    let is_shared = matches!(words, [word] if languages_of(word).count() > 1);
    let is_sure = known > 0 && known * 4 >= words.len() && score >= next + MIN_GRAM_LEAD && !is_shared;
    (is_sure && grams::has_letters(best, words)).then(|| LANGUAGES[best])
}

/// The words of a text in lower case, without links and addresses.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::with_capacity(MAX_WORDS);
    // Where the stretch without blanks began, and how many words there were before it.
    let (mut stretch, mut before) = (0, 0);
    let mut is_link = false;
    let mut open: Option<usize> = None;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && before < MAX_WORDS {
        let byte = bytes[at];
        if byte.is_ascii_lowercase() {
            open = open.or(Some(at));
            at += bytes[at..].iter().position(|b| !b.is_ascii_lowercase()).unwrap_or(bytes.len() - at);
            continue;
        }
        let (is_letter, is_blank, length) = if byte.is_ascii() {
            (false, matches!(byte, b' ' | b'\t'..=b'\r'), 1)
        } else {
            let Some(c) = text[at..].chars().next() else { break };
            let common = matches!(c, 'ß'..='ö' | 'ø'..='ÿ');
            (common || c.is_alphabetic(), !common && c.is_whitespace(), c.len_utf8())
        };
        if is_letter {
            open = open.or(Some(at));
        } else if let Some(start) = open.take() {
            words.push(&text[start..at]);
        }
        if is_blank {
            if is_link || text[stretch..at].starts_with("www.") {
                words.truncate(before);
            }
            (stretch, before, is_link) = (at + length, words.len(), false);
        } else if byte == b'@' || (byte == b':' && text[at..].starts_with("://")) {
            is_link = true;
        }
        at += length;
    }
    words.extend(open.map(|start| &text[start..]));
    if is_link || text[stretch..].starts_with("www.") {
        words.truncate(before);
    }
    words.truncate(MAX_WORDS);
    words
}

/// Letters that only some of them have.
fn letters(word: &str, scores: &mut [u32; LANGUAGES.len()]) {
    /// The languages of a set of letters, and what it is worth.
    const SETS: [(&[usize], u32); 8] =
        [(&[0, 1, 2], 2), (&[0, 3, 5], 2), (&[1, 2], 4), (&[5], 4), (&[7], 2), (&[11], 4), (&[8], 2), (&[10], 4)];
    if word.is_ascii() {
        return;
    }
    let mut seen = [false; SETS.len()];
    // What Finnish doubles.
    let mut doubled = [false; 6];
    let mut last = ' ';
    for c in word.chars() {
        let set = match c {
            'å' => Some(0),
            'ä' | 'ö' => Some(1),
            'æ' | 'ø' => Some(2),
            'ü' | 'ß' => Some(3),
            'é' | 'è' | 'ê' | 'ç' | 'à' => Some(4),
            'ã' | 'õ' => Some(5),
            'ñ' | 'í' | 'ó' => Some(6),
            'ą' | 'ę' | 'ł' | 'ś' | 'ż' | 'ź' | 'ć' | 'ń' => Some(7),
            _ => None,
        };
        if let Some(set) = set {
            seen[set] = true;
        }
        if c == last
            && let Some(pair) = ['y', 'ä', 'ö', 't', 'k', 'i'].iter().position(|d| *d == c)
        {
            doubled[pair] = true;
        }
        last = c;
    }
    for ((languages, weight), _) in SETS.iter().zip(seen).filter(|(_, seen)| *seen) {
        languages.iter().for_each(|&l| scores[l] += weight);
    }
    if doubled.iter().filter(|d| **d).count() > 1 {
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
            ("Hei, når kommer pakken min? Jeg har ikke mottatt noe.", Some("nb")),
            ("Jeg har bestilt feil størrelse, kan jeg bytte den?", Some("nb")),
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
            ("Kiitos", Some("fi")),
            ("Tack", Some("sv")),
            ("Dziękuję", Some("pl")),
            // The same in Norwegian and Danish, or in Swedish and Danish.
            ("Hej", None),
            ("Ja", None),
            ("Ja!", None),
            ("Ja tack!", Some("sv")),
            ("", None),
            ("12345", None),
            ("OK", None),
            ("Lorem ipsum dolor sit amet", None),
            ("Anna Andersson", None),
            ("Kalle Kund 070-123 45 67", None),
            ("https://butik.test/order/1042", None),
            ("Где мой заказ?", None),
            ("Dobrý den, kde je moje objednávka?", None),
            ("Tere, kus mu tellimus on?", None),
            ("Labas, kur mano užsakymas?", None),
            ("Siparişim nerede?", None),
            ("Hvar er pöntunin mín?", None),
        ] {
            assert_eq!(of(text), expect, "{text:?}");
        }
    }

    /// Sentences of one to eight words, none of which stands in the samples.
    #[test]
    fn single_sentences() {
        let table: &[(&str, &[&str])] = &[
            (
                "sv",
                &[
                    "Var är min order?",
                    "När kommer paketet?",
                    "Hej, var är mitt paket?",
                    "Tack så mycket för hjälpen!",
                    "Fel storlek, vill byta",
                    "Jag vill ha pengarna tillbaka",
                    "Kan ni ringa mig i kväll?",
                    "Skorna var för små",
                    "Det funkar inte",
                    "Hur lång är leveranstiden?",
                    "Ok, tack!",
                    "Ångrar köpet",
                    "Varför svarar ni inte?",
                    "Har inte fått någon faktura",
                    "Finns den i svart?",
                ],
            ),
            (
                "nb",
                &[
                    "Hvor er bestillingen min?",
                    "Når kommer pakken?",
                    "Takk for hjelpen!",
                    "Feil størrelse, vil bytte",
                    "Jeg vil ha pengene tilbake",
                    "Kan dere ringe meg i kveld?",
                    "Skoene var for små",
                    "Har ikke mottatt noen faktura",
                    "Finnes den i svart?",
                    "Hvorfor svarer dere ikke?",
                    "Angrer på kjøpet mitt",
                ],
            ),
            (
                "da",
                &[
                    "Hvor er min ordre?",
                    "Hvornår kommer pakken?",
                    "Mange tak for hjælpen!",
                    "Forkert størrelse, vil gerne bytte",
                    "Jeg vil have mine penge tilbage",
                    "Kan I ringe til mig i aften?",
                    "Skoene var for små til mig",
                    "Det virker ikke endnu",
                    "Hvor lang er leveringstiden hos jer?",
                    "Har ikke modtaget nogen faktura",
                    "Findes den i sort?",
                    "Hvorfor svarer I ikke?",
                    "Fortryder købet",
                ],
            ),
            (
                "fi",
                &[
                    "Missä tilaukseni on?",
                    "Milloin paketti tulee?",
                    "Kiitos paljon avusta!",
                    "Väärä koko, haluan vaihtaa",
                    "Haluan rahat takaisin",
                    "Voitteko soittaa minulle illalla?",
                    "Kengät olivat liian pienet",
                    "Se ei toimi",
                    "Kuinka pitkä toimitusaika on?",
                    "En ole saanut laskua",
                    "Löytyykö sitä mustana?",
                    "Miksi ette vastaa?",
                    "Kadun ostosta",
                ],
            ),
            (
                "en",
                &[
                    "Where is my order?",
                    "When will the package arrive?",
                    "Thank you so much for your help!",
                    "Wrong size, want to exchange",
                    "I want my money back",
                    "Can you call me tonight?",
                    "The shoes were too small",
                    "It does not work",
                    "How long is the delivery time?",
                    "Have not received an invoice",
                    "Do you have it in black?",
                    "Why are you not answering?",
                    "Any news?",
                    "Still waiting for my refund",
                ],
            ),
            (
                "de",
                &[
                    "Wo ist meine Bestellung?",
                    "Wann kommt das Paket?",
                    "Vielen Dank für die Hilfe!",
                    "Falsche Größe, möchte umtauschen",
                    "Ich will mein Geld zurück",
                    "Können Sie mich heute Abend anrufen?",
                    "Die Schuhe waren zu klein",
                    "Das funktioniert nicht",
                    "Wie lange ist die Lieferzeit?",
                    "Habe keine Rechnung erhalten",
                    "Gibt es das in Schwarz?",
                    "Warum antworten Sie nicht?",
                    "Bitte um Rückruf",
                ],
            ),
            (
                "nl",
                &[
                    "Waar is mijn bestelling?",
                    "Wanneer komt het pakket?",
                    "Heel erg bedankt voor de hulp!",
                    "Verkeerde maat, wil ruilen",
                    "Ik wil mijn geld terug",
                    "Kunt u mij vanavond bellen?",
                    "De schoenen waren te klein",
                    "Het werkt niet",
                    "Hoe lang is de levertijd?",
                    "Geen factuur ontvangen",
                    "Is het er ook in zwart?",
                    "Waarom antwoorden jullie niet?",
                    "Nog steeds niets ontvangen",
                ],
            ),
            (
                "fr",
                &[
                    "Où est ma commande ?",
                    "Quand arrive le colis ?",
                    "Merci beaucoup pour votre aide !",
                    "Mauvaise taille, je veux échanger",
                    "Je veux être remboursé",
                    "Pouvez-vous m'appeler ce soir ?",
                    "Les chaussures étaient trop petites",
                    "Ça ne marche pas",
                    "Quel est le délai de livraison ?",
                    "Je n'ai pas reçu de facture",
                    "Existe-t-il en noir ?",
                    "Pourquoi ne répondez-vous pas ?",
                    "Toujours rien reçu",
                ],
            ),
            (
                "es",
                &[
                    "¿Dónde está mi pedido?",
                    "¿Cuándo llega el paquete?",
                    "¡Muchas gracias por la ayuda!",
                    "Talla equivocada, quiero cambiar",
                    "Quiero que me devuelvan el dinero",
                    "¿Me pueden llamar esta noche?",
                    "Los zapatos eran muy pequeños",
                    "No funciona nada",
                    "¿Cuánto tarda la entrega?",
                    "No he recibido la factura",
                    "¿Lo tienen en negro?",
                    "¿Por qué no contestan?",
                    "Sigo esperando mi paquete",
                ],
            ),
            (
                "it",
                &[
                    "Dov'è il mio ordine?",
                    "Quando arriva il pacco?",
                    "Grazie mille per l'aiuto!",
                    "Taglia sbagliata, vorrei cambiare",
                    "Rivoglio i miei soldi",
                    "Potete chiamarmi stasera?",
                    "Le scarpe erano troppo piccole",
                    "Non funziona niente",
                    "Quanto dura la consegna?",
                    "Non ho ricevuto la fattura",
                    "Ce l'avete in nero?",
                    "Perché non rispondete?",
                    "Sto ancora aspettando",
                ],
            ),
            (
                "pl",
                &[
                    "Gdzie jest moje zamówienie?",
                    "Kiedy przyjdzie paczka?",
                    "Dziękuję bardzo za pomoc!",
                    "Zły rozmiar, chcę wymienić",
                    "Chcę zwrotu pieniędzy",
                    "Czy możecie zadzwonić wieczorem?",
                    "Buty były za małe",
                    "To nie działa",
                    "Jak długi jest czas dostawy?",
                    "Nie dostałem faktury",
                    "Czy jest dostępny czarny?",
                    "Dlaczego nie odpowiadacie?",
                    "Nadal czekam na paczkę",
                ],
            ),
            (
                "pt",
                &[
                    "Onde está o meu pedido?",
                    "Quando chega a encomenda?",
                    "Muito obrigado pela ajuda!",
                    "Tamanho errado, quero trocar",
                    "Quero o meu dinheiro de volta",
                    "Podem ligar-me hoje à noite?",
                    "Os sapatos eram muito pequenos",
                    "Não funciona nada",
                    "Qual é o prazo de entrega?",
                    "Não recebi a fatura",
                    "Há em preto?",
                    "Porque não respondem?",
                    "Ainda estou à espera",
                ],
            ),
        ];
        let mut wrong = Vec::new();
        for (language, sentences) in table {
            assert!(sentences.len() >= 10, "{language}");
            for text in *sentences {
                if of(text) != Some(language) {
                    wrong.push(format!("{language}: {text:?} is {:?}", of(text)));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
