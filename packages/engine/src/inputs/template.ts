/** Texts with `{field}` placeholders; `{{` and `}}` stand for the braces themselves. */

/** Literal texts and field names in turn: literals at even places. */
export interface Template {
  readonly literals: readonly string[];
  readonly fields: readonly string[];
}

/** The parts of `text`; a brace without partner stays as it is. */
export function parseTemplate(text: string): Template {
  const literals: string[] = [];
  const fields: string[] = [];
  let literal = "";
  for (const part of text.split(/(\{\{|\}\}|\{[^{}]+\})/)) {
    if (part === "{{" || part === "}}") {
      literal += part.charAt(0);
    } else if (part.length > 2 && part.startsWith("{") && part.endsWith("}")) {
      literals.push(literal);
      fields.push(part.slice(1, -1));
      literal = "";
    } else {
      literal += part;
    }
  }
  literals.push(literal);
  return { literals, fields };
}

/** The one field that the whole text stands for, where it is nothing but a placeholder. */
export function soleField(template: Template): string | undefined {
  return template.fields.length === 1 && template.literals.every((literal) => literal === "")
    ? template.fields[0]
    : undefined;
}

/** The text with every placeholder filled in by `lookup`. */
export function fillTemplate(template: Template, lookup: (field: string) => string): string {
  let text = template.literals[0] ?? "";
  for (const [index, field] of template.fields.entries()) {
    text += lookup(field) + (template.literals[index + 1] ?? "");
  }
  return text;
}
