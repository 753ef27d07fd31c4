#include "text/jinja/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/expression_parser.h"
#include "text/jinja/height.h"
#include "text/jinja/lexer.h"
#include "text/jinja/scope.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

constexpr size_t kMaxSource = 4u << 20;

using Names = std::initializer_list<std::string_view>;

// A target of its own for the condition of a loop, which runs ahead of the body.
ExpressionPointer copy_target(const Expression& target) {
  if (target.kind == ExpressionKind::name) {
    auto copy = std::make_unique<Name>(target.line);
    copy->name = static_cast<const Name&>(target).name;
    copy->is_target = true;
    return copy;
  }
  auto copy = std::make_unique<TupleExpression>(target.line);
  for (const auto& item : static_cast<const TupleExpression&>(target).items)
    copy->items.push_back(copy_target(*item));
  return copy;
}

class Parser {
 public:
  explicit Parser(TokenStream tokens) : tokens_(std::move(tokens)), expressions_(tokens_) {}

  // Statements up to a block that begins with one of `ends`, whose name is then the current token.
  Result<Block> parse_body(Names ends) {
    HELICON_TRY(expressions_.enter());
    const Nesting nesting(expressions_);
    Block body;
    while (!tokens_.is(TokenKind::end)) {
      if (tokens_.is(TokenKind::data)) {
        auto text = std::make_unique<Output>(tokens_.line());
        text->text = tokens_.next().text;
        body.push_back(std::move(text));
      } else if (tokens_.is(TokenKind::variable_begin)) {
        HELICON_TRY(parse_output(body));
      } else {
        HELICON_TRY(tokens_.expect(TokenKind::block_begin));
        if (tokens_.is_any_name(ends)) return body;
        HELICON_TRY(parse_statement(body));
        HELICON_TRY(tokens_.expect(TokenKind::block_end));
      }
    }
    if (ends.size() > 0) {
      return error_at(tokens_.line(), fmt::format("the template ends where {{% {} %}} is missing",
                                                  *(ends.end() - 1)));
    }
    return body;
  }

 private:
  Status parse_output(Block& body) {
    auto output = std::make_unique<Output>(tokens_.next().line);
    HELICON_ASSIGN(output->expression, expressions_.parse_tuple());
    HELICON_TRY(tokens_.expect(TokenKind::variable_end));
    body.push_back(std::move(output));
    return ok_status();
  }

  Status parse_statement(Block& body) {
    using Method = Result<std::unique_ptr<Statement>> (Parser::*)(int line);
    struct Row {
      std::string_view tag;
      Method method;
    };
    static constexpr Row rows[] = {
        {"break", &Parser::parse_break},
        {"call", &Parser::parse_call},
        {"continue", &Parser::parse_continue},
        {"extends", &Parser::parse_unavailable},
        {"filter", &Parser::parse_filter},
        {"for", &Parser::parse_for},
        {"from", &Parser::parse_unavailable},
        {"generation", &Parser::parse_generation},
        {"if", &Parser::parse_if},
        {"import", &Parser::parse_unavailable},
        {"include", &Parser::parse_unavailable},
        {"macro", &Parser::parse_macro},
        {"set", &Parser::parse_set},
        {"with", &Parser::parse_with},
    };
    const int line = tokens_.line();
    if (!tokens_.is(TokenKind::name)) return tokens_.unexpected("the name of a tag");
    const std::string tag = tokens_.current().text;
    const auto row =
        std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) { return r.tag == tag; });
    if (row == std::end(rows))
      return error_at(line, fmt::format("unknown tag '{}'", tag.substr(0, 60)));
    if (row->method != &Parser::parse_unavailable) tokens_.next();
    HELICON_ASSIGN(std::unique_ptr<Statement> statement, (this->*row->method)(line));
    body.push_back(std::move(statement));
    return ok_status();
  }

  // The body of a tag: everything from the end of this block to {% end %}, which is taken too.
  Result<Block> parse_block(Names ends) {
    tokens_.skip_symbol(":");
    HELICON_TRY(tokens_.expect(TokenKind::block_end));
    return parse_body(ends);
  }

  Result<Block> parse_whole_block(std::string_view end) {
    HELICON_ASSIGN(Block body, parse_block({end}));
    tokens_.next();
    return body;
  }

  using Parsed = Result<std::unique_ptr<Statement>>;

  Parsed parse_if(int line) {
    auto node = std::make_unique<If>(line);
    while (true) {
      HELICON_ASSIGN(ExpressionPointer condition, expressions_.parse_tuple(false));
      HELICON_ASSIGN(Block body, parse_block({"elif", "else", "endif"}));
      node->branches.emplace_back(std::move(condition), std::move(body));
      if (tokens_.skip_name("elif")) continue;
      if (tokens_.next().text == "else") {
        HELICON_ASSIGN(node->otherwise, parse_whole_block("endif"));
      }
      return std::unique_ptr<Statement>(std::move(node));
    }
  }

  Parsed parse_for(int line) {
    auto node = std::make_unique<For>(line);
    HELICON_ASSIGN(node->target, expressions_.parse_target(ExpressionParser::End::in, false));
    if (!tokens_.skip_name("in")) return tokens_.unexpected("'in'");
    HELICON_ASSIGN(node->iterable,
                   expressions_.parse_tuple(false, ExpressionParser::End::recursive));
    if (tokens_.skip_name("if")) {
      HELICON_ASSIGN(node->condition, expressions_.parse_expression());
      node->condition_target = copy_target(*node->target);
    }
    node->is_recursive = tokens_.skip_name("recursive");
    HELICON_ASSIGN(node->body, parse_block({"else", "endfor"}));
    if (tokens_.next().text == "else") {
      HELICON_ASSIGN(node->otherwise, parse_whole_block("endfor"));
    }
    return std::unique_ptr<Statement>(std::move(node));
  }

  Parsed parse_set(int line) {
    HELICON_ASSIGN(ExpressionPointer target,
                   expressions_.parse_target(ExpressionParser::End::tag, true));
    if (tokens_.skip_symbol("=")) {
      auto node = std::make_unique<Assign>(line);
      node->target = std::move(target);
      HELICON_ASSIGN(node->value, expressions_.parse_tuple());
      return std::unique_ptr<Statement>(std::move(node));
    }
    auto node = std::make_unique<AssignBlock>(line);
    node->target = std::move(target);
    HELICON_ASSIGN(node->filter, expressions_.parse_filters(nullptr));
    HELICON_ASSIGN(node->body, parse_whole_block("endset"));
    return std::unique_ptr<Statement>(std::move(node));
  }

  Parsed parse_with(int line) {
    auto node = std::make_unique<With>(line);
    while (!tokens_.is(TokenKind::block_end)) {
      if (!node->assignments.empty()) HELICON_TRY(tokens_.expect_symbol(","));
      HELICON_ASSIGN(ExpressionPointer target,
                     expressions_.parse_target(ExpressionParser::End::tag, false));
      HELICON_TRY(tokens_.expect_symbol("="));
      HELICON_ASSIGN(ExpressionPointer value, expressions_.parse_expression());
      node->assignments.emplace_back(std::move(target), std::move(value));
    }
    HELICON_ASSIGN(node->body, parse_whole_block("endwith"));
    return std::unique_ptr<Statement>(std::move(node));
  }

  Result<std::unique_ptr<Name>> parse_plain_name() {
    auto name = std::make_unique<Name>(tokens_.line());
    name->is_target = true;
    HELICON_ASSIGN(name->name, tokens_.expect_name());
    for (const std::string_view reserved : {"true", "True", "false", "False", "none", "None"}) {
      if (name->name == reserved)
        return error_at(name->line, fmt::format("cannot assign to '{}'", reserved));
    }
    return name;
  }

  Status parse_signature(MacroSignature& signature) {
    HELICON_TRY(tokens_.expect_symbol("("));
    while (!tokens_.is_symbol(")")) {
      if (!signature.parameters.empty()) HELICON_TRY(tokens_.expect_symbol(","));
      HELICON_ASSIGN(std::unique_ptr<Name> parameter, parse_plain_name());
      for (const auto& other : signature.parameters) {
        if (other->name == parameter->name)
          return error_at(parameter->line, "a parameter is named twice: " + other->name);
      }
      if (tokens_.skip_symbol("=")) {
        HELICON_ASSIGN(ExpressionPointer value, expressions_.parse_expression());
        signature.defaults.push_back(std::move(value));
      } else if (!signature.defaults.empty()) {
        return error_at(parameter->line, "a parameter without default follows one that has one");
      }
      signature.parameters.push_back(std::move(parameter));
    }
    return tokens_.expect_symbol(")");
  }

  Parsed parse_macro(int line) {
    auto node = std::make_unique<Macro>(line);
    HELICON_ASSIGN(const std::unique_ptr<Name> name, parse_plain_name());
    node->signature.name = name->name;
    node->signature.line = line;
    HELICON_TRY(parse_signature(node->signature));
    HELICON_ASSIGN(node->signature.body, parse_whole_block("endmacro"));
    return std::unique_ptr<Statement>(std::move(node));
  }

  Parsed parse_call(int line) {
    auto node = std::make_unique<CallBlock>(line);
    node->signature.line = line;
    if (tokens_.is_symbol("(")) HELICON_TRY(parse_signature(node->signature));
    HELICON_ASSIGN(node->call, expressions_.parse_expression());
    if (node->call->kind != ExpressionKind::call) return error_at(line, "a call is expected");
    HELICON_ASSIGN(node->signature.body, parse_whole_block("endcall"));
    return std::unique_ptr<Statement>(std::move(node));
  }

  Parsed parse_generation(int line) {
    auto node = std::make_unique<CallBlock>(line);
    node->signature.line = line;
    HELICON_ASSIGN(node->signature.body, parse_whole_block("endgeneration"));
    return std::unique_ptr<Statement>(std::move(node));
  }

  Parsed parse_filter(int line) {
    auto node = std::make_unique<FilterBlock>(line);
    HELICON_ASSIGN(node->filter, expressions_.parse_filters(nullptr, true));
    HELICON_ASSIGN(node->body, parse_whole_block("endfilter"));
    return std::unique_ptr<Statement>(std::move(node));
  }

  Parsed parse_break(int line) { return std::unique_ptr<Statement>(std::make_unique<Break>(line)); }
  Parsed parse_continue(int line) {
    return std::unique_ptr<Statement>(std::make_unique<Continue>(line));
  }

  Parsed parse_unavailable(int line) {
    auto node = std::make_unique<Unavailable>(line);
    node->tag = tokens_.current().text;
    while (!tokens_.is(TokenKind::block_end) && !tokens_.is(TokenKind::end)) tokens_.next();
    return std::unique_ptr<Statement>(std::move(node));
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
};

}  // namespace

Result<std::unique_ptr<const Tree>> parse(std::string_view source) {
  if (source.size() > kMaxSource) {
    return Error{
        ErrorCode::too_large,
        fmt::format("a template of {} bytes is over the limit of {}", source.size(), kMaxSource),
        {}};
  }
  if (const size_t broken = find_invalid_utf8(source); broken != std::string_view::npos) {
    return template_error(fmt::format("the template is not valid UTF-8 at byte {}", broken));
  }
  HELICON_ASSIGN(std::vector<Token> tokens, tokenize(source));
  auto tree = std::make_unique<Tree>();
  HELICON_ASSIGN(tree->body, Parser(TokenStream(std::move(tokens))).parse_body({}));
  HELICON_TRY(resolve_names(*tree));
  return std::unique_ptr<const Tree>(std::move(tree));
}

}  // namespace helicon::text::jinja
