/**
 * Why: every word that the kiosk says, in both languages, with numbers declined. Words that an office may change (services, documents,
 * privileges) come from the service as Text; `words` below picks their language. Wording rules: "вы" in lower case, no exclamation marks.
 */

/** @import {Availability, Lang, Text, Wait} from "./types.js" */

const plurals = { ru: new Intl.PluralRules("ru"), en: new Intl.PluralRules("en") };

/**
 * @param {Lang} lang @param {number} count
 * @param {{one: string, few?: string, many?: string, other: string}} forms
 */
function counted(lang, count, forms) {
  const form = /** @type {"one" | "few" | "many" | "other"} */ (plurals[lang].select(count));
  return `${count}\u00a0${forms[form] ?? forms.other}`;
}

/** @param {number} count */
const ruMinutes = (count) => counted("ru", count, { one: "минута", few: "минуты", many: "минут", other: "минуты" });
/** @param {number} count */
const ruPeople = (count) => counted("ru", count, { one: "человек", few: "человека", many: "человек", other: "человека" });
/** @param {number} count */
const ruSeconds = (count) => counted("ru", count, { one: "секунду", few: "секунды", many: "секунд", other: "секунды" });
/** @param {number} count @param {string} word */
const en = (count, word) => counted("en", count, { one: word, other: `${word}s` });

/** An hour and a half is easier to grasp than ninety minutes. */
const HOURS_FROM = 90;

/** «1 ч 25 мин». @param {number} minutes @param {string} hour @param {string} minute */
function hours(minutes, hour, minute) {
  const [whole, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [whole ? `${whole}\u00a0${hour}` : "", rest ? `${rest}\u00a0${minute}` : ""].filter(Boolean).join("\u00a0");
}

/** "8–12" that no line break can part. @param {number} low @param {number} high */
const range = (low, high) => (low === high ? "" : `${low}\u2060–\u2060`);

/** A preposition stays with its word, and a day with its month: no line ends in «по» or in 12. @param {string} phrase */
export const tied = (phrase) => phrase.replace(/(?<![\p{L}\d])(\p{L}{1,2}|\d{1,2}) /gu, "$1\u00a0");

/** In the middle of a sentence «Удостоверение» loses its capital, and «СНИЛС» does not. @param {string} phrase */
export const uncapitalised = (phrase) => (/^\p{Lu}\p{Ll}/u.test(phrase) ? phrase.charAt(0).toLowerCase() + phrase.slice(1) : phrase);

/** @param {Wait | null} wait @returns {string} */
function ruWait(wait) {
  if (!wait) return "уточняется";
  const { low, high } = wait;
  if (high < 1) return "без ожидания";
  if (high >= HOURS_FROM) return low === high ? `примерно ${hours(high, "ч", "мин")}` : low < 1 ? `до\u00a0${hours(high, "ч", "мин")}` : `${hours(low, "ч", "мин")} – ${hours(high, "ч", "мин")}`;
  if (low < 1) return `до\u00a0${counted("ru", high, { one: "минуты", few: "минут", many: "минут", other: "минут" })}`;
  return `примерно ${range(low, high)}${ruMinutes(high)}`;
}

/** @param {Wait | null} wait @returns {string} */
function enWait(wait) {
  if (!wait) return "not known yet";
  const { low, high } = wait;
  if (high < 1) return "no waiting";
  if (high >= HOURS_FROM) return low === high ? `about ${hours(high, "h", "min")}` : low < 1 ? `up to ${hours(high, "h", "min")}` : `${hours(low, "h", "min")} – ${hours(high, "h", "min")}`;
  if (low < 1) return `up to ${en(high, "minute")}`;
  return `about ${range(low, high)}${en(high, "minute")}`;
}

const ru = {
  system: "Электронная очередь",
  chooseService: "Выберите услугу",
  chooseServiceLead: "Возьмите талон и\u00a0следите за\u00a0очередью с\u00a0телефона",
  services: (/** @type {number} */ n) => counted("ru", n, { one: "услуга", few: "услуги", many: "услуг", other: "услуги" }),
  waiting: (/** @type {number} */ n) => (n === 0 ? "никто не ждёт" : `${plurals.ru.select(n) === "one" ? "ждёт" : "ждут"} ${ruPeople(n)}`),
  ahead: "Перед вами",
  aheadValue: (/** @type {number} */ n) => (n === 0 ? "никого нет" : ruPeople(n)),
  waitLabel: "Ожидание",
  wait: ruWait,
  /** For a card, where a clock stands beside it. @type {(wait: Wait | null) => string} */
  waitShort: (wait) => (wait ? ruWait(wait).replace(/^примерно /, "") : "время уточняется"),
  steps: ["Выберите услугу", "Возьмите талон", "Ждите вызова на\u00a0табло"],
  more: "Ещё",
  moreBelow: "Ниже есть ещё",
  less: "Предыдущие",
  page: "Страница ",
  back: "Назад",
  home: "В начало",
  youChose: "Вы выбрали",
  bring: "Понадобятся документы",
  needsTitle: "Нужна помощь в зале?",
  privilegeAsk: "Пройти вне очереди",
  privilegeWho: "Имеют право",
  privilegeChosen: "Вне очереди",
  privilegeTitle: "Кто может пройти вне очереди",
  privilegeLead: "Выберите, что относится к\u00a0вам. Сотрудник попросит показать документ.",
  privilegeNone: "Без льготы",
  show: (/** @type {string} */ document) => `Покажите сотруднику: ${uncapitalised(document)}`,
  take: "Взять талон",
  printing: "Печатаем талон…",
  preparing: "Готовим талон…",
  printingLead: "Подождите немного",
  printingSlow: "Связь медленная. Повторяем запрос: талон будет один.",
  troubleTitle: "Талон пока не выдан",
  troubleLead: "Терминал не получил ответа. Попробуйте ещё раз: второго талона не будет. Или обратитесь к\u00a0администратору зала.",
  tryAgain: "Попробовать ещё раз",
  refusedTitle: "Талон не выдан",
  refusedLead: "Обратитесь к администратору зала.",
  another: "Выбрать другую услугу",
  haveBooking: "У меня есть запись",
  checkInTitle: "Введите код записи или поднесите QR-код",
  scanTitle: "QR-код",
  scanLead: "Поднесите телефон или бумагу с\u00a0кодом к\u00a0сканеру. Нажимать ничего не\u00a0нужно.",
  codeTitle: "Код записи",
  codeHint: "8 цифр из подтверждения записи",
  codeShort: (/** @type {number} */ n) => `Введите все 8 цифр. Не хватает: ${n}`,
  codeTyped: (/** @type {string} */ digits) => (digits ? `Код записи: ${digits}` : "Код записи пока не введён"),
  codeRead: "QR-код прочитан",
  eraseDigit: "Стереть",
  eraseAll: "Очистить",
  checkIn: "Отметиться",
  checking: "Ищем запись…",
  booked: (/** @type {string} */ time) => (time ? `Вы записаны на ${time}` : "Вы пришли по записи"),
  bookedLate: "Время записи прошло. Талон выдан в\u00a0общую очередь.",
  bookingTitles: /** @type {Record<string, string>} */ ({
    check_in_too_early: "Отмечаться пока рано", other_day: "Запись на другой день", other_office: "Запись в другое отделение", appointment_cancelled: "Запись отменена",
    appointment_past: "Время записи прошло", unknown_reference: "Запись не найдена", too_many_attempts: "Слишком много попыток",
  }),
  bookingTitle: "Отметиться не\u00a0удалось",
  bookingNext: /** @type {Record<string, string>} */ ({
    check_in_too_early: "Подождите в зале и снова поднесите QR-код или введите код записи.",
    other_day: "Приходите в это время. Если ждать нельзя, возьмите талон в\u00a0общую очередь.",
    other_office: "Вас ждут там. Если вопрос решают и\u00a0здесь, можно взять талон в\u00a0общую очередь.",
    appointment_cancelled: "Вас примут сегодня в\u00a0порядке общей очереди.", appointment_past: "Вас примут сегодня в\u00a0порядке общей очереди.",
    unknown_reference: "Можно и без записи: возьмите талон в\u00a0общую очередь.",
  }),
  bookingHelp: "Возьмите талон в\u00a0общую очередь или обратитесь к\u00a0администратору зала.",
  retype: "Ввести код ещё раз",
  walkIn: "Взять талон в\u00a0общую очередь",
  takeTicket: "Возьмите талон",
  yourNumber: "Ваш номер",
  ticketLead: "Ожидайте вызова на\u00a0табло. Номер назовут голосом.",
  ticket: "Талон",
  follow: "Следите с телефона",
  followLead: "Наведите камеру на код: ваше место в\u00a0очереди, окно и\u00a0время ожидания.",
  qrAlt: (/** @type {string} */ number) => `QR-код страницы талона ${number}`,
  qrMissing: "QR-код сейчас не загрузился. Талон действует и без него: ожидайте вызова на табло.",
  done: "Готово",
  doneIn: (/** @type {number} */ n) => `Экран закроется через ${ruSeconds(n)}`,
  printAgain: "Напечатать ещё раз",
  paperWait: "Ожидайте вызова на табло",
  paperQr: "Следите за\u00a0очередью с\u00a0телефона",
  spokenTicket: (/** @type {string} */ number, /** @type {number} */ ahead, /** @type {string} */ wait) => `Ваш номер ${number}. Перед вами ${ahead === 0 ? "никого нет" : ruPeople(ahead)}. Ожидание: ${wait}.`,
  startTitle: "Подождите немного",
  startLead: "Терминал загружается",
  awayTitle: "Терминал временно не\u00a0работает",
  awayLead: "Восстанавливаем связь. Терминал включится сам, нажимать ничего не нужно.",
  awayHelp: "Талон можно получить у\u00a0администратора зала.",
  closedTitle: "Сейчас отделение закрыто",
  opens: (/** @type {string} */ when) => `Откроется ${when}`,
  closedLead: "Приходите в часы работы отделения.",
  shutLead: "Талон можно получить у\u00a0администратора зала.",
  unpairedTitle: "Терминал не\u00a0подключён",
  revokedTitle: "Терминал отключён от\u00a0отделения",
  unpairedLead: "Талон можно получить у\u00a0администратора зала.",
  pairingCode: "Код подключения",
  pairingWhere: "Сотруднику: введите код в\u00a0администрировании, раздел «Устройства».",
  pairingUntil: (/** @type {string} */ time) => `Код действует до\u00a0${time}, затем появится новый.`,
  pairingSoon: "Запрашиваем код…",
  idleTitle: "Вы ещё здесь?",
  idleLead: (/** @type {number} */ n) => `Через ${ruSeconds(n)} терминал вернётся в начало`,
  moreTime: "Ещё время",
  settings: "Вид экрана",
  language: "English",
  contrast: "Контраст",
  large: "А+ Крупнее",
  low: "Ниже",
  today: "сегодня",
  tomorrow: "завтра",
  at: (/** @type {string} */ day, /** @type {string} */ time) => `${day} в\u00a0${time}`,
  unavailable: /** @type {Record<Exclude<Availability, "open">, string>} */ ({
    closed: "Сейчас услуга не оказывается", booking_only: "Только по предварительной записи", limit_reached: "Талоны на сегодня закончились",
    office_closed: "Отделение закрыто",
  }),
};

/** @type {typeof ru} */
const english = {
  system: "Electronic queue",
  chooseService: "Choose a service",
  chooseServiceLead: "Take a ticket and follow the queue on your phone",
  services: (n) => en(n, "service"),
  waiting: (n) => (n === 0 ? "nobody is waiting" : `${counted("en", n, { one: "person", other: "people" })} waiting`),
  ahead: "Ahead of you",
  aheadValue: (n) => (n === 0 ? "nobody" : counted("en", n, { one: "person", other: "people" })),
  waitLabel: "Waiting time",
  wait: enWait,
  waitShort: (wait) => (wait ? enWait(wait).replace(/^about /, "") : "not known yet"),
  steps: ["Choose a service", "Take your ticket", "Wait for the call"],
  more: "More",
  moreBelow: "There is more below",
  less: "Previous",
  page: "Page ",
  back: "Back",
  home: "Start over",
  youChose: "You chose",
  bring: "You will need",
  needsTitle: "Do you need help in the hall?",
  privilegeAsk: "Be served first",
  privilegeWho: "By law this is for",
  privilegeChosen: "Served first",
  privilegeTitle: "Who may be served first",
  privilegeLead: "Choose what applies to you. The clerk will ask to see the document.",
  privilegeNone: "None of these",
  show: (document) => `Show the clerk: ${uncapitalised(document)}`,
  take: "Take a ticket",
  printing: "Printing your ticket…",
  preparing: "Preparing your ticket…",
  printingLead: "One moment, please",
  printingSlow: "The connection is slow. We are trying again: you will get one ticket.",
  troubleTitle: "No ticket yet",
  troubleLead: "The kiosk got no answer. Please try again: you will not get a second ticket. Or ask the hall administrator.",
  tryAgain: "Try again",
  refusedTitle: "No ticket was issued",
  refusedLead: "Please ask the hall administrator.",
  another: "Choose another service",
  haveBooking: "I have a booking",
  checkInTitle: "Enter your booking code or hold up the QR code",
  scanTitle: "QR code",
  scanLead: "Hold your phone or the paper in front of the scanner. There is nothing to press.",
  codeTitle: "Booking code",
  codeHint: "8 digits from your booking confirmation",
  codeShort: (n) => `Please enter all 8 digits. Missing: ${n}`,
  codeTyped: (digits) => (digits ? `Booking code: ${digits}` : "No booking code yet"),
  codeRead: "QR code read",
  eraseDigit: "Delete",
  eraseAll: "Clear",
  checkIn: "Check in",
  checking: "Looking for your booking…",
  booked: (time) => (time ? `You are booked for ${time}` : "You have a booking"),
  bookedLate: "The booked time has passed. You have a ticket in the general queue.",
  bookingTitles: {
    check_in_too_early: "It is too early to check in", other_day: "Your booking is for another day", other_office: "Your booking is at another office",
    appointment_cancelled: "This booking was cancelled", appointment_past: "The booked time has passed", unknown_reference: "Booking not found",
    too_many_attempts: "Too many attempts",
  },
  bookingTitle: "The check-in did not work",
  bookingNext: {
    check_in_too_early: "Wait in the hall, then hold up the QR code or enter the code again.",
    other_day: "Please come at that time. If you cannot wait, take a ticket in the general queue.",
    other_office: "They expect you there. If this office can help too, take a ticket in the general queue.",
    appointment_cancelled: "You can be served today in the general queue.", appointment_past: "You can be served today in the general queue.",
    unknown_reference: "You can also take a ticket in the general queue.",
  },
  bookingHelp: "Take a ticket in the general queue or ask the hall administrator.",
  retype: "Enter the code again",
  walkIn: "Join the general queue",
  takeTicket: "Take your ticket",
  yourNumber: "Your number",
  ticketLead: "Wait until your number is called on the display and by voice.",
  ticket: "Ticket",
  follow: "Follow on your phone",
  followLead: "Point your camera at the code: your place in the queue, desk and waiting time.",
  qrAlt: (number) => `QR code of the page of ticket ${number}`,
  qrMissing: "The QR code did not load. Your ticket is valid without it: wait until it is called on the display.",
  done: "Done",
  doneIn: (n) => `This screen closes in ${en(n, "second")}`,
  printAgain: "Print again",
  paperWait: "Wait until your number is called on the display",
  paperQr: "Follow the queue on your phone",
  spokenTicket: (number, ahead, wait) => `Your number is ${number}. Ahead of you: ${ahead === 0 ? "nobody" : counted("en", ahead, { one: "person", other: "people" })}. Waiting time: ${wait}.`,
  startTitle: "One moment, please",
  startLead: "The kiosk is starting",
  awayTitle: "The kiosk is temporarily out of\u00a0service",
  awayLead: "We are restoring the connection. It will come back by itself, there is nothing you need to press.",
  awayHelp: "The hall administrator can give you a ticket.",
  closedTitle: "The office is closed now",
  opens: (when) => `Opens ${when}`,
  closedLead: "Please come during opening hours.",
  shutLead: "The hall administrator can give you a ticket.",
  unpairedTitle: "This kiosk is not\u00a0paired",
  revokedTitle: "This kiosk was disconnected from its\u00a0office",
  unpairedLead: "The hall administrator can give you a ticket.",
  pairingCode: "Pairing code",
  pairingWhere: "For staff: enter the code in administration, under “Devices”.",
  pairingUntil: (time) => `The code is good until ${time}, then there will be a new one.`,
  pairingSoon: "Asking for a code…",
  idleTitle: "Are you still there?",
  idleLead: (n) => `The kiosk will start over in ${en(n, "second")}`,
  moreTime: "More time",
  settings: "Screen settings",
  language: "Русский",
  contrast: "Contrast",
  large: "A+ Larger",
  low: "Lower",
  today: "today",
  tomorrow: "tomorrow",
  at: (day, time) => `${day} at\u00a0${time}`,
  unavailable: {
    closed: "Not available right now", booking_only: "By appointment only", limit_reached: "No tickets left for today", office_closed: "The office is closed",
  },
};

/** @typedef {typeof ru} Phrases */

/** @param {Lang} lang @returns {Phrases} */
export const phrases = (lang) => (lang === "en" ? english : ru);

/** Words from the service in the visitor's language, else in Russian. @param {Text} text @param {Lang} lang */
export const words = (text, lang) => tied(text[lang] || text.ru);

/** The language that `words` really answers in, for the `lang` attribute. @param {Text} text @param {Lang} lang @returns {Lang} */
export const wordsLang = (text, lang) => (text[lang] ? lang : "ru");
