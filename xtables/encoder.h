// Rules in the kernel's own form, matches by libxtables: it knows the extensions and which of their
// revisions this kernel has.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "common/base/ip.h"
#include "xtables/rule.h"

namespace catena::xtables {

// Only in a process of its own for each family: what libxtables cannot do it tells `failed`, which
// must end the process.
class Encoder {
 public:
  using Failed = void (*)(const std::string& message);
  Encoder(base::Family family, Failed failed);

  // An ipt_entry or ip6t_entry with its matches and target, as libiptc wants it.
  std::string entry(const Rule& rule);
  // Of a match alone ("set --match-set catena-x src").
  const std::string& match(const std::string& words);

 private:
  base::Family family_;
  std::map<std::string, std::string> matches_;
};

// What tells entries apart, the target left out: without counters and what the kernel notes down
// there.
std::string essence_of(base::Family family, const std::string& entry);

// Of an entry of a table. The text is a comment's; empty where there is none.
struct EntryFacts {
  base::Prefix source;
  base::Prefix destination;
  std::string comment;
};
EntryFacts facts_of(base::Family family, const std::string& entry);

}  // namespace catena::xtables
