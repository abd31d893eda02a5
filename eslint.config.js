// Type-aware lint of the whole workspace. Rules that a machine can hold from docs/style.md live here; shape limits live in scripts/src/tidy.
import tseslint from "typescript-eslint";

const pure = [
  "packages/abi/src/**/*.ts",
  "packages/wasm/src/**/*.ts",
  "packages/core/src/**/*.ts",
  "packages/executor/src/**/*.ts",
];
const tests = ["**/*.test.ts", "**/testing/**/*.ts"];

export default tseslint.config(
  {
    ignores: [
      "**/dist/**",
      "**/node_modules/**",
      "assets/**",
      "eslint.config.js",
      "**/*.mjs",
      "apps/cli/bin/**",
      // Guest sources are compiled by other compilers.
      "sdk/assemblyscript/**",
      "sdk/**/guest/**",
      "sdk/**/guests/**",
      "sdk/javascript/*.d.ts",
      "apps/cli/*.d.ts",
      "examples/**/agents/**",
      // Projects of their own: their test checks their types and runs them.
      "examples/newsroom/**",
      "examples/stage/**",
      // Projects of their own: their test compiles and runs them.
      "apps/cli/templates/**",
      "bench/worlds/**",
      "bench/kernels/**",
      "examples/**/build/**",
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-console": "error",
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "named exports only" },
        { selector: "TSEnumDeclaration", message: "const object plus union instead of enum" },
        {
          selector: "BinaryExpression[operator='instanceof'][right.name='EngineError']",
          message: "use EngineError.is",
        },
      ],
    },
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: pure,
    ignores: tests,
    rules: {
      "no-restricted-globals": [
        "error",
        "Date",
        "performance",
        "process",
        "setTimeout",
        "setInterval",
        "setImmediate",
        "queueMicrotask",
        "Intl",
        "WeakRef",
        "FinalizationRegistry",
        "console",
        "Buffer",
        "crypto",
        "fetch",
      ],
      "no-restricted-imports": [
        "error",
        { patterns: [{ regex: "^node:", message: "no I/O in the pure packages" }] },
      ],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random" },
        { property: "localeCompare" },
        { property: "toLocaleString" },
      ],
    },
  },
  {
    files: tests,
    rules: {
      "@typescript-eslint/no-floating-promises": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  { files: ["scripts/**/*.ts", "apps/cli/src/main.ts", "examples/**/*.ts"], rules: { "no-console": "off" } },
  // Reporters of the test runner are default exports by its contract.
  { files: ["scripts/src/*.mts"], rules: { "no-restricted-syntax": "off" } },
);
