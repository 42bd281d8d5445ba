# Completion of rewick for bash; the words come from the binary itself, so they never lag behind it.
_rewick() {
    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(rewick --help=words 2>/dev/null | cut -d' ' -f1 | sort -u)" -- "$current")
    elif [ "$COMP_CWORD" = 2 ] && [ "$command" = tape ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(rewick --help=words | sed -n 's/^tape //p')" -- "$current")
    elif [[ $current == --* ]]; then
        [ "$command" = tape ] && command="tape ${COMP_WORDS[2]}"
        # shellcheck disable=SC2086 # a command may be two words
        mapfile -t COMPREPLY < <(compgen -W "$(rewick $command --help=words 2>/dev/null)" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}
complete -F _rewick rewick
