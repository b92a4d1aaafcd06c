#include "xtables/verbs.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <iterator>

#include "common/base/file.h"
#include "common/base/text.h"
#include "xtables/apart.h"
#include "xtables/family.h"
#include "xtables/ipset.h"
#include "xtables/layout.h"
#include "xtables/nft_rules.h"
#include "xtables/sets.h"
#include "xtables/table.h"

namespace catena::xtables {
namespace {

using base::Error;
using base::ErrorKind;
using base::Family;
using base::Result;
using base::Status;

constexpr std::array<Family, 2> kFamilies{Family::kIpv4, Family::kIpv6};
constexpr char kChanged[] = "changed";

// The one that iptables-legacy takes (XTABLES_LOCKFILE as there).
Result<base::FileLock> lock(const Options& options) {
  const char* const path = std::getenv("XTABLES_LOCKFILE");
  return base::FileLock::acquire(path == nullptr ? "/run/xtables.lock" : path,
                                 base::Deadline(options.wait));
}

// Rules of iptables-legacy beside those of iptables-nft: the commands of the host would not show
// them, and each side would be a surprise to the other.
Status refuse_nft() {
  const std::string table = TRY(nft_table_in_use());
  if (table.empty()) {
    return {};
  }
  return Error(ErrorKind::kUnsupported,
               "the iptables rules of this host are in nf_tables (iptables-nft: table " + table +
                   " has rules), where this program's would not be seen by its iptables")
      .advice("use the back end nftables, whose own table gets along with them");
}

// Words for lines of text, one a line, so that they pass from a process to another.
std::string lines_of(const std::vector<std::string>& texts) { return base::join(texts, "\n"); }

std::vector<std::string> texts_in(const std::string& lines) {
  if (lines.empty()) {
    return {};
  }
  const std::vector<std::string_view> pieces = base::split(lines, '\n');
  return {pieces.begin(), pieces.end()};
}

std::string working_on(Family family) {
  return std::string("the mangle table of ") + name_of(family);
}

Result<Wish> wish_of(const netpol::Rules& model, Family family, const Options& options) {
  Wish wish;
  wish.layout = TRY(layout_of(model, family));
  wish.everything = !options.some;
  wish.nic = options.nic;
  for (const auto& [id, subject] : model.subjects) {
    wish.subjects.insert(id);
  }
  return wish;
}

// Whether the family has to be looked at: a table that is not there has nothing of ours.
bool matters(Family family, const Wish& wish) {
  return !wish.layout.isolations.empty() || has_table(family);
}

// `work` apart. True when it changed something.
Result<bool> change_apart(Family family, const std::function<Result<bool>()>& work) {
  const auto said = apart(working_on(family), [&work]() -> Result<std::string> {
    const Result<bool> changed = work();
    if (!changed.ok()) {
      return changed.error();
    }
    return std::string(*changed ? kChanged : "");
  });
  if (!said.ok()) {
    return said.error();
  }
  return *said == kChanged;
}

// The texts that `work` finds, apart.
Result<std::vector<std::string>> look_apart(
    Family family, const std::function<Result<std::vector<std::string>>()>& work) {
  const auto said = apart(working_on(family), [&work]() -> Result<std::string> {
    const Result<std::vector<std::string>> found = work();
    if (!found.ok()) {
      return found.error();
    }
    return lines_of(*found);
  });
  if (!said.ok()) {
    return said.error();
  }
  return texts_in(*said);
}

// On each family that the kernel has a table of. True when something was changed.
Result<bool> change_families(const std::function<Result<bool>(Family)>& work) {
  bool changed = false;
  for (const Family family : kFamilies) {
    if (has_table(family)) {
      const bool here = TRY(change_apart(family, [&work, family] { return work(family); }));
      changed = changed || here;
    }
  }
  return changed;
}

// True when something was changed.
Result<bool> write(const std::array<Wish, kFamilies.size()>& wishes) {
  bool changed = false;
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    const Family family = kFamilies.at(i);
    const Wish& wish = wishes.at(i);
    if (matters(family, wish)) {
      const bool here =
          TRY(change_apart(family, [&wish, family] { return write_family(family, wish); }));
      changed = changed || here;
    }
  }
  return changed;
}

}  // namespace

Result<bool> apply(const netpol::Rules& model, const Options& options) {
  const base::FileLock held = TRY(lock(options));
  TRY(refuse_nft());
  std::array<Wish, kFamilies.size()> wishes;
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    wishes.at(i) = TRY(wish_of(model, kFamilies.at(i), options));
  }
  Sets sets(TRY(Ipset::open()));
  TRY(sets.prepare(model));
  const bool changed = TRY(write(wishes));
  TRY(sets.finish());
  if (!options.some) {
    TRY(sets.sweep(model));
  }
  return changed || sets.changed();
}

Result<std::vector<std::string>> check(const netpol::Rules& model, const Options& options) {
  const base::FileLock held = TRY(lock(options));
  Sets sets(TRY(Ipset::open()));
  std::vector<std::string> found = TRY(sets.differences(model, !options.some));
  // A rule that names a set that is not there can't be worked out.
  if (!TRY(sets.has_all(model))) {
    return found;
  }
  for (const Family family : kFamilies) {
    const Wish wish = TRY(wish_of(model, family, options));
    if (matters(family, wish)) {
      std::ranges::move(
          TRY(look_apart(family, [&wish, family] { return family_differences(family, wish); })),
          std::back_inserter(found));
    }
  }
  return found;
}

Status probe(const Options& options) {
  const base::FileLock held = TRY(lock(options));
  TRY(refuse_nft());
  Ipset ipset = TRY(Ipset::open());
  TRY(ipset.can_do());
  for (const Family family : kFamilies) {
    const auto tried = look_apart(family, [family]() -> Result<std::vector<std::string>> {
      TRY(try_extensions(family));
      return std::vector<std::string>();
    });
    if (!tried.ok()) {
      return Error(tried.error()).as(ErrorKind::kUnsupported);
    }
  }
  return {};
}

Result<std::set<std::string>> list(const Options& options) {
  const base::FileLock held = TRY(lock(options));
  std::set<std::string> subjects;
  for (const Family family : kFamilies) {
    if (has_table(family)) {
      const std::vector<std::string> here =
          TRY(look_apart(family, [family] { return family_subjects(family); }));
      subjects.insert(here.begin(), here.end());
    }
  }
  return subjects;
}

Result<bool> forget(const std::set<std::string>& subjects, const Options& options) {
  const base::FileLock held = TRY(lock(options));
  Wish wish;
  wish.subjects = subjects;
  wish.everything = false;
  wish.nic = options.nic;
  return change_families([&wish](Family family) { return write_family(family, wish); });
}

Result<bool> remove(const Options& options) {
  const base::FileLock held = TRY(lock(options));
  const bool changed = TRY(change_families(clear_family));
  Sets sets(TRY(Ipset::open()));
  TRY(sets.sweep({}));
  return changed || sets.changed();
}

}  // namespace catena::xtables
