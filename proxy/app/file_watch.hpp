// Notices that files changed, by looking at them: also through symbolic links that are swapped, as Kubernetes does with mounted
// ConfigMaps and Secrets, where notifications of the kernel are easy to miss. It reads no content.
#pragma once

#include <string>
#include <vector>

namespace weir::app {

class file_watch {
public:
    /// Watches these from now on; what they are now counts as known.
    void use(std::vector<std::string> files);
    /// True once after a change, when nothing changed any more since the look before: a file that is being written is left alone.
    [[nodiscard]] bool settled_change();

private:
    [[nodiscard]] std::string look() const;

    std::vector<std::string> files_;
    std::string known_;  ///< as of the last change that was reported
    std::string last_;   ///< as of the last look
};

}  // namespace weir::app
