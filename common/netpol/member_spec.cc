#include "common/netpol/member_spec.h"

#include <algorithm>

namespace catena::netpol {
namespace {

// Its length first: what is appended next can't be taken for a part of it.
void append(std::string& text, const std::string& part) {
  text += std::to_string(part.size());
  text += ':';
  text += part;
}

void append(std::string& text, std::size_t number) {
  text += std::to_string(number);
  text += ',';
}

void append(std::string& text, const Selector& selector) {
  append(text, selector.requirements.size());
  for (const Requirement& requirement : selector.requirements) {
    append(text, requirement.key);
    append(text, static_cast<std::size_t>(requirement.op));
    append(text, requirement.values.size());
    for (const std::string& value : requirement.values) {
      append(text, value);
    }
  }
}

void append(std::string& text, const Term& term) {
  text += term.space ? '=' : '*';
  if (term.space) {
    append(text, *term.space);
  } else {
    append(text, term.namespaces);
  }
  append(text, term.pods);
}

}  // namespace

Term term_of(const Peer& peer, const std::string& space) {
  Term term;
  term.pods = peer.pods.value_or(Selector());
  if (peer.namespaces) {
    term.namespaces = *peer.namespaces;
  } else {
    term.space = space;
  }
  return term;
}

bool selects_namespace(const Term& term, const std::string& space, const Namespaces& namespaces) {
  if (term.space) {
    return *term.space == space;
  }
  if (term.namespaces.requirements.empty()) {
    return true;
  }
  const auto found = namespaces.find(space);
  return found != namespaces.end() && term.namespaces.matches(found->second.labels);
}

std::optional<std::string> only_space_of(const SetSpec& spec) {
  if (spec.terms.empty()) {
    return std::nullopt;
  }
  const auto& space = spec.terms.front().space;
  const bool is_all = std::ranges::all_of(
      spec.terms, [&](const Term& term) { return term.space && term.space == space; });
  return is_all ? space : std::nullopt;
}

std::string prefix_of(const SetSpec& spec) {
  const char* const family = spec.family == base::Family::kIpv4 ? "4-" : "6-";
  switch (spec.kind) {
    case SetKind::kAddresses:
      return std::string("s") + family;
    case SetKind::kNetworks:
      return std::string("b") + family;
    case SetKind::kEndpoints:
      return std::string("n") + family;
  }
  return family;
}

std::string text_of(const SetSpec& spec) {
  std::string text;
  for (const Term& term : spec.terms) {
    append(text, term);
  }
  for (const PortName& port : spec.ports) {
    text += '/';
    append(text, port.name);
    append(text, port.protocol);
  }
  text += spec.local ? "!" : "";
  for (const AddressRange& range : spec.networks) {
    append(text, range.first.to_string());
    append(text, range.last.to_string());
  }
  return text;
}

}  // namespace catena::netpol
