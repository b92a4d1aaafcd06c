// The mangle table of one family, read whole, changed in memory, written whole (libiptc).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"

struct xtc_handle;

namespace catena::xtables {

// Whether the kernel has the family's table in this namespace already. Loads nothing.
bool has_table(base::Family family);

// A rule that is in the table.
struct Held {
  std::string entry;   // as Encoder::entry makes them; its target is another matter
  std::string target;  // name of chain or verdict
};

class Table {
 public:
  // Makes the kernel have it, where it is a module. kUnsupported where there is none.
  static base::Result<Table> open(base::Family family);

  std::vector<std::string> chains() const;
  bool has_chain(const std::string& chain) const;
  std::vector<Held> rules(const std::string& chain) const;

  base::Status create(const std::string& chain);
  base::Status flush(const std::string& chain);
  // An empty one that nothing leads to.
  base::Status remove(const std::string& chain);
  base::Status append(const std::string& chain, const std::string& entry);
  base::Status insert_first(const std::string& chain, const std::string& entry);
  // `place` counts from 0.
  base::Status remove_rule(const std::string& chain, unsigned place);

  // kTryAgain with EAGAIN where somebody changed the table since it was read.
  base::Status commit();

 private:
  struct Close {
    base::Family family;
    void operator()(xtc_handle* handle) const;
  };
  using Handle = std::unique_ptr<xtc_handle, Close>;
  Table(base::Family family, Handle handle) : family_(family), handle_(std::move(handle)) {}
  bool is_v4() const { return family_ == base::Family::kIpv4; }
  base::Status outcome(int done, const std::string& what) const;

  base::Family family_;
  Handle handle_;
};

// "IPv4" or "IPv6".
const char* name_of(base::Family family);

}  // namespace catena::xtables
