// From the files of a store to an index that says what the journal says, whatever happened to them.
// Every call needs the store's lock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/ipam/index.h"
#include "common/ipam/journal.h"

namespace catena::ipam {

struct Opened {
  Journal journal;
  Index index;
};

enum class IfMissing { kCreate, kNothing };

// Opens the store in `directory`, mends what is damaged and says so in `notices`, and frees what
// owners of an earlier boot had. Nothing when there is no store. kUnsupported for a store of a
// format this release can't read, which is not touched.
base::Result<std::optional<Opened>> open_store(const std::string& directory,
                                               const std::string& boot_id, IfMissing if_missing,
                                               std::vector<std::string>& notices);

// Writes a new journal of what is in force, and makes `index` follow it.
base::Result<Journal> rewrite_journal(const std::string& directory, Index& index);

std::string index_path(const std::string& directory);

}  // namespace catena::ipam
