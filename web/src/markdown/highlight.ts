// Code by highlight.js; fetched when first needed.
import common from 'highlight.js/lib/common';
import clojure from 'highlight.js/lib/languages/clojure';
import cmake from 'highlight.js/lib/languages/cmake';
import dart from 'highlight.js/lib/languages/dart';
import dockerfile from 'highlight.js/lib/languages/dockerfile';
import elixir from 'highlight.js/lib/languages/elixir';
import erlang from 'highlight.js/lib/languages/erlang';
import fortran from 'highlight.js/lib/languages/fortran';
import fsharp from 'highlight.js/lib/languages/fsharp';
import groovy from 'highlight.js/lib/languages/groovy';
import haskell from 'highlight.js/lib/languages/haskell';
import http from 'highlight.js/lib/languages/http';
import julia from 'highlight.js/lib/languages/julia';
import latex from 'highlight.js/lib/languages/latex';
import lisp from 'highlight.js/lib/languages/lisp';
import matlab from 'highlight.js/lib/languages/matlab';
import nginx from 'highlight.js/lib/languages/nginx';
import nix from 'highlight.js/lib/languages/nix';
import ocaml from 'highlight.js/lib/languages/ocaml';
import powershell from 'highlight.js/lib/languages/powershell';
import prolog from 'highlight.js/lib/languages/prolog';
import protobuf from 'highlight.js/lib/languages/protobuf';
import scala from 'highlight.js/lib/languages/scala';
import scheme from 'highlight.js/lib/languages/scheme';
import verilog from 'highlight.js/lib/languages/verilog';
import vhdl from 'highlight.js/lib/languages/vhdl';
import vim from 'highlight.js/lib/languages/vim';
import x86asm from 'highlight.js/lib/languages/x86asm';

const further = {
  clojure,
  cmake,
  dart,
  dockerfile,
  elixir,
  erlang,
  fortran,
  fsharp,
  groovy,
  haskell,
  http,
  julia,
  latex,
  lisp,
  matlab,
  nginx,
  nix,
  ocaml,
  powershell,
  prolog,
  protobuf,
  scala,
  scheme,
  verilog,
  vhdl,
  vim,
  x86asm,
};
for (const [name, language] of Object.entries(further)) common.registerLanguage(name, language);
common.registerAliases(['svelte', 'vue'], { languageName: 'xml' });
common.registerAliases(['asm', 'assembly', 'nasm'], { languageName: 'x86asm' });
common.registerAliases(['jsonc', 'json5'], { languageName: 'json' });

export function highlight(code: string, language: string): string | null {
  if (!common.getLanguage(language)) return null;
  return common.highlight(code, { language, ignoreIllegals: true }).value;
}
