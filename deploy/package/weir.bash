# bash completion for weir. What it offers comes from the program's own help, so that it fits the version that is installed.

# _weir_words KIND [COMMAND]: the commands, the options of a command, the values that its argument can have, or the fields of `spend`.
_weir_words() {
    "${COMP_WORDS[0]}" ${2-} --help 2> /dev/null | awk -v kind="$1" '
        /^[^ ]/ { section = $1 }
        !/^  [^ ]/ { next }
        kind == "commands" && section == "Subcommands:" { print $1 }
        kind == "options" && section == "Options:" { n = split($1, names, ","); print names[n] }
        kind == "values" && section == "Positionals:" && $1 ~ /\|/ { gsub(/\|/, "\n", $1); print $1 }
        kind == "fields" && $1 == "--by" { sub(/.*: /, ""); gsub(/,/, " "); print }'
}

# The names of the pools of the conf in use.
_weir_pools() {
    local conf= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in -c | --conf) conf=${COMP_WORDS[i + 1]} ;; esac
    done
    if [[ -z $conf ]]; then [[ -r conf/weir.yaml ]] && conf=conf/weir.yaml || conf=/etc/weir/weir.yaml; fi
    { "${COMP_WORDS[0]}" check --dump -c "$conf" 2> /dev/null || cat -- "$conf" 2> /dev/null; } | awk '
        /^[^ #]/ { inside = /^pools:/; next }
        inside && /^ +[^ #]/ && match($0, /[^ ]/) { if (!depth) depth = RSTART; if (RSTART == depth) { sub(/:.*/, ""); gsub(/[ "'\'']/, ""); print } }'
}

_weir_files() {
    compopt -o filenames 2> /dev/null
    COMPREPLY=($(compgen -f -- "$current"))
}

_weir() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} commands command= word prefix
    commands=$(_weir_words commands)
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $'\n'$commands$'\n' == *$'\n'"$word"$'\n'* ]] && command=$word && break
    done
    COMPREPLY=()
    case $previous in
        -c | --conf | --env-file | --ledger | --answer) _weir_files; return ;;
        --format)
            [[ $command == spend ]] && COMPREPLY=($(compgen -W "table json csv" -- "$current")) || COMPREPLY=($(compgen -W "text json" -- "$current"))
            return ;;
        --from | --to) COMPREPLY=($(compgen -W "chat responses messages gemini" -- "$current")); return ;;
        --pool) COMPREPLY=($(compgen -W "$(_weir_pools)" -- "$current")); return ;;
        --by)
            # Several, with commas between them.
            prefix=${current%"${current##*,}"}
            compopt -o nospace 2> /dev/null
            COMPREPLY=($(compgen -P "$prefix" -W "$(_weir_words fields spend)" -- "${current##*,}")); return ;;
        --where)
            compopt -o nospace 2> /dev/null
            COMPREPLY=($(compgen -S = -W "$(_weir_words fields spend)" -- "$current")); return ;;
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$(_weir_words options "$command")" -- "$current"))
    elif [[ -z $command ]]; then
        COMPREPLY=($(compgen -W "$commands" -- "$current"))
    elif [[ $command == doctor ]]; then
        COMPREPLY=($(compgen -W "$(_weir_pools)" -- "$current"))
    elif [[ $command == import && $previous == import ]]; then
        COMPREPLY=($(compgen -W "litellm new-api" -- "$current"))
    elif [[ $command == setup ]]; then
        COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" setup 2> /dev/null | awk '/tried/ { print $1 }')" -- "$current"))
    else
        COMPREPLY=($(compgen -W "$(_weir_words values "$command")" -- "$current"))
        [[ ${#COMPREPLY[@]} -gt 0 ]] || _weir_files
    fi
}
complete -F _weir weir
