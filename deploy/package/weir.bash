# bash completion for weir

_weir() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
            serve | check | diff | health | top | doctor | explain | spend | count | import | setup | demo) command=$word && break ;;
        esac
    done
    case $previous in
        -c | --conf | --ledger) COMPREPLY=($(compgen -f -- "$current")) && return ;;
        --format) COMPREPLY=($(compgen -W "table json csv" -- "$current")) && return ;;
        import) COMPREPLY=($(compgen -W "litellm new-api" -- "$current")) && return ;;
        setup) [[ $current == -* ]] || { COMPREPLY=($(compgen -W "$(weir setup 2> /dev/null | sed -n 's/ .*tried.*//p')" -- "$current")) && return; } ;;
        --by) COMPREPLY=($(compgen -W "key model pool upstream day hour month" -- "$current")) && return ;;
    esac
    local words="--help"
    case $command in
        "") words="serve check diff health top doctor explain spend count import setup demo --conf --version --help" ;;
        health) words="--conf --live --help" ;;
        spend) words="--conf --ledger --by --where --since --until --format --help" ;;
        setup) words="--conf --key --model --url --help" ;;
        count) words="--model --json --help" ;;
        serve | check | top | doctor | explain) words="--conf --help" ;;
    esac
    if [[ $current == -* || -z $command ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    else
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -o filenames -F _weir weir
