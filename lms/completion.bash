# Completes commands and options of manage.py in bash: `source lms/completion.bash`. Against the demo,
# `export LMS_ENV_FILE=.run/demo.env` first.
_lms_manage() {
    COMPREPLY=($(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD DJANGO_AUTO_COMPLETE=1 \
        .venv/bin/python manage.py 2>/dev/null))
}
complete -F _lms_manage -o default manage.py ./manage.py
