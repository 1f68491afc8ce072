"""The Open University Learning Analytics Dataset: what 32,593 enrollments really did.

Kuzilek, Hlosta, Zdrahal: Open University Learning Analytics dataset. Scientific Data 4, 170171 (2017), CC BY 4.0.
"""
