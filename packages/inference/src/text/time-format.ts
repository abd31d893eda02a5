/** Times as chat templates ask for them, in English and UTC: the directives of strftime that they use. */

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** `%d %b %Y` of a time in milliseconds since 1970; unknown directives stay as they are. */
export function formatTime(epochMilliseconds: number, format: string): string {
  const time = new Date(epochMilliseconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const month = MONTHS[time.getUTCMonth()] ?? "";
  const day = DAYS[time.getUTCDay()] ?? "";
  const parts: Readonly<Record<string, string>> = {
    Y: String(time.getUTCFullYear()),
    y: two(time.getUTCFullYear() % 100),
    m: two(time.getUTCMonth() + 1),
    d: two(time.getUTCDate()),
    e: String(time.getUTCDate()).padStart(2, " "),
    H: two(time.getUTCHours()),
    I: two(((time.getUTCHours() + 11) % 12) + 1),
    M: two(time.getUTCMinutes()),
    S: two(time.getUTCSeconds()),
    p: time.getUTCHours() < 12 ? "AM" : "PM",
    B: month,
    b: month.slice(0, 3),
    A: day,
    a: day.slice(0, 3),
    Z: "UTC",
    "%": "%",
  };
  return format.replace(/%-?([A-Za-z%])/g, (whole, name: string) => {
    const part = parts[name] ?? whole;
    return whole.startsWith("%-") ? part.replace(/^[0 ]/, "") : part;
  });
}
