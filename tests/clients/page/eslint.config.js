// The rules for the modules of the pages. Types are checked by TypeScript (tsconfig.json).

import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: {ecmaVersion: 2023, sourceType: "module", globals: globals.browser},
    linterOptions: {reportUnusedDisableDirectives: "error"},
    rules: {
      "complexity": ["error", 10],
      "curly": ["error", "multi-line"],
      "eqeqeq": "error",
      "max-len": ["error", {code: 120, ignoreUrls: true, ignorePattern: "^ {2}\\w+: \"M[\\w. -]+\",$"}],
      "max-lines": ["error", 300],
      "no-console": ["error", {allow: ["warn"]}],
      "no-implicit-coercion": "error",
      "no-shadow": "error",
      "no-undef": "off", // TypeScript knows more
      "no-unused-vars": ["error", {args: "after-used", varsIgnorePattern: "^_"}],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "no-restricted-properties": [
        "error",
        {property: "innerHTML", message: "Text is never parsed as HTML: use element()."},
        {property: "outerHTML", message: "Text is never parsed as HTML: use element()."},
        {property: "insertAdjacentHTML", message: "Text is never parsed as HTML: use element()."},
      ],
    },
  },
];
