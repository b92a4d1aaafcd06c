#include "xtables/table.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <libiptc/libiptc.h>
// It does not say itself that it is C.
extern "C" {
#include <libiptc/libip6tc.h>
}

#include "common/base/file.h"
#include "xtables/entry.h"

namespace catena::xtables {
namespace {

using base::Error;
using base::ErrorKind;

constexpr char kMangle[] = "mangle";
constexpr std::size_t kMostNames = 65536;  // bytes

// A chain's name in the array that libiptc wants.
struct Label {
  xt_chainlabel text{};
  explicit Label(const std::string& name) {
    std::strncpy(static_cast<char*>(text), name.c_str(), sizeof(text) - 1);
  }
};

const ipt_entry* as_v4(const std::string& entry) {
  return reinterpret_cast<const ipt_entry*>(entry.data());
}
const ip6t_entry* as_v6(const std::string& entry) {
  return reinterpret_cast<const ip6t_entry*>(entry.data());
}

template <typename Entry>
Held held(const Entry* entry, const char* target) {
  return {{reinterpret_cast<const char*>(entry), entry->next_offset}, target};
}

Error no_table(base::Family family, int reason) {
  const std::string what =
      std::string("read the mangle table of ") + name_of(family) + " (iptables-legacy)";
  Error error(ErrorKind::kUnsupported,
              what + ": " +
                  (family == base::Family::kIpv4 ? iptc_strerror(reason) : ip6tc_strerror(reason)));
  return std::move(error).advice(
      reason == EPERM || reason == EACCES
          ? "root alone may read it (CAP_NET_ADMIN, CAP_NET_RAW)"
          : "the kernel needs CONFIG_IP_NF_MANGLE, for IPv6 CONFIG_IP6_NF_MANGLE too (modules "
            "iptable_mangle, ip6table_mangle)");
}

}  // namespace

const char* name_of(base::Family family) { return family == base::Family::kIpv4 ? "IPv4" : "IPv6"; }

bool has_table(base::Family family) {
  const auto names =
      base::read_file(family == base::Family::kIpv4 ? "/proc/self/net/ip_tables_names"
                                                    : "/proc/self/net/ip6_tables_names",
                      kMostNames);
  return names.ok() && ("\n" + *names).find("\nmangle\n") != std::string::npos;
}

void Table::Close::operator()(xtc_handle* handle) const {
  family == base::Family::kIpv4 ? iptc_free(handle) : ip6tc_free(handle);
}

base::Result<Table> Table::open(base::Family family) {
  errno = 0;
  xtc_handle* const handle =
      family == base::Family::kIpv4 ? iptc_init(kMangle) : ip6tc_init(kMangle);
  if (handle == nullptr) {
    return no_table(family, errno);
  }
  return Table(family, Handle(handle, Close{family}));
}

std::vector<std::string> Table::chains() const {
  std::vector<std::string> names;
  xtc_handle* const table = handle_.get();
  for (const char* name = is_v4() ? iptc_first_chain(table) : ip6tc_first_chain(table);
       name != nullptr; name = is_v4() ? iptc_next_chain(table) : ip6tc_next_chain(table)) {
    names.emplace_back(name);
  }
  return names;
}

bool Table::has_chain(const std::string& chain) const {
  return (is_v4() ? iptc_is_chain(chain.c_str(), handle_.get())
                  : ip6tc_is_chain(chain.c_str(), handle_.get())) != 0;
}

std::vector<Held> Table::rules(const std::string& chain) const {
  std::vector<Held> found;
  xtc_handle* const table = handle_.get();
  if (is_v4()) {
    for (const ipt_entry* entry = iptc_first_rule(chain.c_str(), table); entry != nullptr;
         entry = iptc_next_rule(entry, table)) {
      found.push_back(held(entry, iptc_get_target(entry, table)));
    }
    return found;
  }
  for (const ip6t_entry* entry = ip6tc_first_rule(chain.c_str(), table); entry != nullptr;
       entry = ip6tc_next_rule(entry, table)) {
    found.push_back(held(entry, ip6tc_get_target(entry, table)));
  }
  return found;
}

base::Status Table::outcome(int done, const std::string& what) const {
  if (done != 0) {
    return {};
  }
  const int reason = errno;
  const std::string text = what + " in the mangle table of " + name_of(family_);
  if (reason == EAGAIN) {
    return Error::from_errno(EAGAIN, text + ": somebody changed it meanwhile");
  }
  return Error(ErrorKind::kInternal,
               text + ": " + (is_v4() ? iptc_strerror(reason) : ip6tc_strerror(reason)));
}

base::Status Table::create(const std::string& chain) {
  const Label label(chain);
  return outcome(is_v4() ? iptc_create_chain(label.text, handle_.get())
                         : ip6tc_create_chain(label.text, handle_.get()),
                 "make chain " + chain);
}

base::Status Table::flush(const std::string& chain) {
  const Label label(chain);
  return outcome(is_v4() ? iptc_flush_entries(label.text, handle_.get())
                         : ip6tc_flush_entries(label.text, handle_.get()),
                 "empty chain " + chain);
}

base::Status Table::remove(const std::string& chain) {
  const Label label(chain);
  return outcome(is_v4() ? iptc_delete_chain(label.text, handle_.get())
                         : ip6tc_delete_chain(label.text, handle_.get()),
                 "remove chain " + chain);
}

base::Status Table::append(const std::string& chain, const std::string& entry) {
  const Label label(chain);
  return outcome(is_v4() ? iptc_append_entry(label.text, as_v4(entry), handle_.get())
                         : ip6tc_append_entry(label.text, as_v6(entry), handle_.get()),
                 "add a rule to chain " + chain);
}

base::Status Table::insert_first(const std::string& chain, const std::string& entry) {
  const Label label(chain);
  return outcome(is_v4() ? iptc_insert_entry(label.text, as_v4(entry), 0, handle_.get())
                         : ip6tc_insert_entry(label.text, as_v6(entry), 0, handle_.get()),
                 "put a rule in front of chain " + chain);
}

base::Status Table::remove_rule(const std::string& chain, unsigned place) {
  const Label label(chain);
  return outcome(is_v4() ? iptc_delete_num_entry(label.text, place, handle_.get())
                         : ip6tc_delete_num_entry(label.text, place, handle_.get()),
                 "remove a rule of chain " + chain);
}

base::Status Table::commit() {
  return outcome(is_v4() ? iptc_commit(handle_.get()) : ip6tc_commit(handle_.get()),
                 "write the changes");
}

}  // namespace catena::xtables
