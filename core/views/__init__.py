"""Results become charts, pictures and files; nothing here knows Streamlit."""
