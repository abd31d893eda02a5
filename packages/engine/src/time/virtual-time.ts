/**
 * Virtual time as text and as ticks. Pure arithmetic over nanoseconds since 1970-01-01T00:00:00Z: no host clock,
 * no time zone of the machine, proleptic Gregorian calendar.
 */

const nanosPerMilli = 1_000_000n;
const millisPerDay = 86_400_000;

/** `YYYY-MM-DD[(T| )hh:mm[:ss[.fraction]]][Z|±hh:mm]`; without a zone it is UTC. */
const timePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:([Zz])|([+-])(\d{2}):(\d{2}))?)?$/;

/** Nanoseconds since 1970 of an ISO 8601 time, or `undefined` where the text is none. */
export function parseTime(text: string): bigint | undefined {
  const match = timePattern.exec(text);
  if (match === null) return undefined;
  const field = (index: number): number => Number(match[index] ?? "0");
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(field);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (hour === undefined || minute === undefined || second === undefined) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || field(10) > 23 || field(11) > 59) return undefined;
  const offsetMinutes = (match[9] === "-" ? -1 : 1) * (field(10) * 60 + field(11));
  const seconds =
    daysSinceEpoch(year, month, day) * 86_400 + (hour * 60 + minute - offsetMinutes) * 60 + second;
  return BigInt(seconds) * 1_000_000_000n + BigInt((match[7] ?? "").padEnd(9, "0"));
}

/** ISO 8601 with milliseconds, or with nanoseconds where milliseconds would not be exact. */
export function formatTime(nanos: bigint): string {
  const remainder = ((nanos % nanosPerMilli) + nanosPerMilli) % nanosPerMilli;
  const millis = Number((nanos - remainder) / nanosPerMilli);
  const days = Math.floor(millis / millisPerDay);
  const rest = millis - days * millisPerDay;
  const { year, month, day } = dateOfDay(days);
  const clock = [rest / 3_600_000, (rest / 60_000) % 60, (rest / 1000) % 60].map((part) => digits(part, 2));
  const fraction = remainder === 0n ? "" : remainder.toString().padStart(6, "0");
  const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
  return `${date}T${clock.join(":")}.${digits(rest % 1000, 3)}${fraction}Z`;
}

/** Milliseconds as a decimal number, exactly in nanoseconds; `undefined` where it has more than six decimals. */
export function nanosOfMillis(millis: number): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(String(millis));
  if (match === null) return undefined;
  const whole = BigInt(match[2] ?? "0") * nanosPerMilli + BigInt((match[3] ?? "").padEnd(6, "0"));
  return match[1] === "-" ? -whole : whole;
}

function digits(value: number, count: number): string {
  return String(Math.floor(value)).padStart(count, "0");
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01, counted in eras of 400 years that start in March, so that leap days come last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function dateOfDay(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
