/**
 * The function, with its answers kept: for what is asked again and again of a few texts. When there are too many of them
 * it begins anew, so that nobody fills the memory.
 */
export function remember<Answer>(compute: (text: string) => Answer, maxAnswers: number) {
  const answers = new Map<string, Answer>();
  return (text: string): Answer => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    if (answers.size >= maxAnswers) answers.clear();
    const answer = compute(text);
    answers.set(text, answer);
    return answer;
  };
}
