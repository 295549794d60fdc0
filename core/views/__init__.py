"""Results become charts, pictures and files: what several pages draw, without Streamlit."""
