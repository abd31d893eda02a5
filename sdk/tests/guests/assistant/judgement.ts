/** What the critic thinks; a file of its own, as users have them. */
export function judged(body: { plan: string; facts: string }, mood: number): { verdict: string } {
  const word = mood < 0.5 ? "weak" : "sound";
  return { verdict: `${word}: ${body.plan} (facts: ${body.facts})` };
}
